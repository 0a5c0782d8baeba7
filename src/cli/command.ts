import type { Client } from "../client/client.ts";
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
  /** Answers the exit code. Throws ClaudemeshError. */
  run(context: CommandContext): Promise<number>;
}

export interface Option {
  readonly type: "string" | "boolean";
  readonly multiple?: boolean;
  /** Placeholder shown in the help, for `string`. */
  readonly value?: string;
  readonly help: string;
}

export interface CommandContext {
  readonly positionals: readonly string[];
  /** The value of a `string` option. */
  option(name: string): string | undefined;
  options(name: string): readonly string[];
  flag(name: string): boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly stdin: Input;
  readonly out: Output;
  /** Client of the daemon that is meant. Throws not_running or usage; dials nothing. */
  client(): Client;
  /** What may start and stop processes. */
  launcher(): Promise<Launcher>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface Input extends AsyncIterable<Uint8Array> {
  readonly isTTY?: boolean;
}
