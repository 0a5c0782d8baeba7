import type { Client } from "../client/client.ts";
import type { ExitName } from "./exit-codes.ts";
import type { Launcher } from "./launcher.ts";
import type { Output } from "./output.ts";

/** One command of the CLI, alone in its file and loaded only when it is run. */
export interface Command {
  /** As typed: `send`, `topic create`. */
  readonly name: string;
  /** Other names that do the same; the help shows them with the first. */
  readonly aliases?: readonly string[];
  /** One line, no full stop. */
  readonly summary: string;
  /** What follows `claudemesh `. */
  readonly usage: string;
  /** Beside --json, --mesh and --help, which every command takes. */
  readonly options: Readonly<Record<string, Option>>;
  readonly examples: readonly string[];
  /** What completes each word after the name. */
  readonly words?: readonly Completion[];
  /** Exit codes that a caller should expect of this command beside those of every command. */
  readonly exits?: readonly ExitName[];
  /** Other commands that whoever reads about this one may want. */
  readonly related?: readonly string[];
  /** Answers the exit code. Throws ClaudemeshError. */
  run(context: CommandContext): Promise<number>;
}

export interface Option {
  readonly type: "string" | "boolean";
  readonly multiple?: boolean;
  /** Placeholder shown in the help, for `string`. */
  readonly value?: string;
  readonly help: string;
  /** What completes its value. */
  readonly complete?: Completion;
}

/** What a shell offers at a place: names that the daemon or the disk tells, or the values themselves. */
export type Completion =
  /** `@member`, `#topic` and `queue:name`. */
  | "address"
  | "member"
  /** Of this member. */
  | "agent"
  /** `#topic`, `queue:name` and `everything`, as a grant takes them. */
  | "granted"
  | "topic"
  | "queue"
  /** Rows of the outbox that have not gone out. */
  | "row"
  /** Meshes that this home has joined. */
  | "mesh"
  /** Ids of invites that can still be used. */
  | "invite"
  | "file"
  | "directory"
  /** A command, or a topic of the help. */
  | "help"
  /** A key of config.toml; the broker's after --broker. */
  | "config-key"
  | readonly string[];

export interface CommandContext {
  readonly positionals: readonly string[];
  /** The value of a `string` option. */
  option(name: string): string | undefined;
  options(name: string): readonly string[];
  flag(name: string): boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Of --mesh, else of CLAUDEMESH_MESH; null: the only one. */
  readonly mesh: string | null;
  readonly stdin: Input;
  readonly out: Output;
  /** Writes an answer as it is, for a program that reads it: throws unless all of it is in the pipe. */
  handOver(text: string, to?: "stdout" | "stderr"): void;
  /** Client of the daemon that is meant. Throws not_running or usage; dials nothing. */
  client(): Client;
  /** What may start and stop processes. */
  launcher(): Promise<Launcher>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface Input extends AsyncIterable<Uint8Array> {
  readonly isTTY?: boolean;
  /** Of a terminal: what is typed comes at once, unseen, Ctrl-C included. */
  setRawMode?(on: boolean): unknown;
  /** Nothing more is read, whoever holds the other end open. */
  destroy?(): unknown;
}
