/** What a hook asks of the daemon. */
export interface HookAgents {
  /** The session is alive; answers once the daemon knows it. */
  report(session: SessionReport, signal: AbortSignal): Promise<void>;
  ended(sessionId: string, signal: AbortSignal): Promise<void>;
  /** What waits for the session's agent, under a lease. */
  take(sessionId: string, request: TakeRequest, signal: AbortSignal): Promise<Taken>;
  /** It stands before the session's model now. */
  confirm(sessionId: string, offerIds: readonly string[], signal: AbortSignal): Promise<void>;
  /** It does not, and never will by this offer. */
  release(sessionId: string, offerIds: readonly string[], signal: AbortSignal): Promise<void>;
}

export interface SessionReport {
  readonly sessionId: string;
  readonly cwd: string;
  readonly source: string | null;
  readonly status: "busy" | "idle";
  /** When the hook that tells it was started: what had been put in before is in the session by now. */
  readonly eventAt: string;
  /** `<pid>:<start>`; null where the process cannot be told from a later one of that number. */
  readonly process: string | null;
  readonly socketPath: string | null;
  readonly socketToken: string | null;
  /** The name that the session's user asked for. */
  readonly agent: string | null;
}

export interface TakeRequest {
  readonly charsMax: number;
  /** Also what is to wake nobody. */
  readonly includeLow: boolean;
  readonly prompt: string | null;
}

export interface Taken {
  readonly offerIds: readonly string[];
  /** Framed; empty: nothing waits. */
  readonly text: string;
}
