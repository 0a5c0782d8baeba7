/** Moments of a session at which a coding agent calls its hooks, whatever it calls them. */
export type HookMoment =
  /** A session begins, anew or with the context of an earlier one. */
  | "start"
  /** Its user has said something. */
  | "prompt"
  /** A tool has been used: the turn goes on. */
  | "tool"
  /** The turn is over. */
  | "stop"
  | "end";

/** What a coding agent told a hook on its standard input. */
export interface HookInput {
  readonly moment: HookMoment;
  /** The agent's own name of it. */
  readonly event: string;
  readonly sessionId: string;
  readonly cwd: string;
  /** Of `start`: how it began. */
  readonly source: string | null;
  /** Of `prompt`. */
  readonly prompt: string | null;
  /** Of `stop`: the session goes on already because a hook asked for it, and must not be kept going by hooks for ever. */
  readonly keptGoing: boolean;
}

/** How one kind of coding agent speaks to its hooks. */
export interface HookDialect {
  readonly kind: string;
  /** Characters of text that it puts into a context whole. */
  readonly textCharsMax: number;
  /** null for what is no call of this agent, or one that changes nothing here. Never throws. */
  read(stdin: string): HookInput | null;
  /** What it is to find on standard output so that `text` comes before its model. */
  answer(input: HookInput, text: string): string;
}
