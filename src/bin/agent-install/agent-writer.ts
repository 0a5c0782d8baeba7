import type { InstallScope } from "../../cli/agent-installer.ts";
import type { Splice } from "../../protocol/splice.ts";

/** What a writer is told. */
export interface WriterRequest {
  readonly scope: InstallScope;
  /** Of the user. */
  readonly homeFolder: string;
  /** Where a project's settings stand. */
  readonly project: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Words that start this program, absolute. */
  readonly program: readonly string[];
  /** Behind the words of a command: what leads it to the daemon that is meant. */
  readonly options: readonly string[];
  /** Of the environment that the program needs so. */
  readonly variables: Readonly<Record<string, string>>;
  readonly channel: boolean;
  readonly rewake: boolean;
}

/** One kind of coding agent, and how its settings are written. */
export interface AgentWriter {
  readonly kind: string;
  readonly title: string;
  /** Options that it knows. */
  readonly options: readonly ("channel" | "rewake")[];
  files(request: WriterRequest): readonly SettingsFile[];
  /** What the user does next. */
  next(request: WriterRequest): readonly string[];
}

/** A file of a coding agent, which holds something of ours beside what is the user's. */
export interface SettingsFile {
  readonly path: string;
  /** Of one that is not there yet. */
  readonly mode: number;
  /** Text of one that is not there, before anything is put in. */
  readonly empty: string;
  /** What is put in, for people: `hooks SessionStart, Stop`. */
  readonly holds: string;
  /** Changes, one after the other, until all of ours is in the text as wanted. None: it is. Throws invalid_config. */
  install(text: string): readonly Splice[];
  /** Changes until nothing of ours is in the text. */
  uninstall(text: string): readonly Splice[];
}
