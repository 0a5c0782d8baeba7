/** How a double of a Claude Code session behaves. */
export interface DoubleOptions {
  /** `CLAUDE_CONFIG_DIR`: settings, the registry of sessions, transcripts. */
  readonly configDir: string;
  readonly project: string;
  /** Where sessions have their sockets. */
  readonly socketDir: string;
  readonly version: string;
  readonly sessionId: string;
  readonly source: "startup" | "resume";
  /** Context of this session is copied: `--fork-session`. */
  readonly forkOf: string | null;
  /** The user's `crossSessionInbound`. */
  readonly inbound: "accept" | "hold" | "refuse";
  /** Ends each turn by itself; else the test says when. */
  readonly autoTurns: boolean;
  /** Starts the MCP servers of its settings, and takes their channel. */
  readonly mcp: boolean;
}

/** What stands in the context of a session, in order. */
export interface ContextEntry {
  readonly via: "user" | "socket" | "stop-hook" | "rewake" | "channel" | `hook:${string}`;
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What a test tells the session's process, a line each. */
export type DoubleCommand =
  | { readonly do: "prompt"; readonly text: string }
  | { readonly do: "tool" }
  | { readonly do: "end-turn" }
  | { readonly do: "clear" }
  | { readonly do: "exit" }
  /** The user lets in, or does not, what was held; or its time is over. */
  | { readonly do: "decide"; readonly status: "delivered" | "denied" | "expired" }
  | { readonly do: "inbound"; readonly word: DoubleOptions["inbound"] };

/** What the process tells, a line each. */
export type DoubleTold =
  | { readonly told: "done"; readonly sessionId: string }
  | { readonly told: "failed"; readonly why: string }
  | { readonly told: "entry"; readonly entry: ContextEntry }
  | { readonly told: "status"; readonly status: "busy" | "idle" }
  | { readonly told: "held" }
  | { readonly told: "dropped"; readonly why: string };
