import type { HookSettings } from "./hook-settings.ts";

/** How a run ended; docs/hooks.md says what each means. */
export const hookOutcomes = [
  "ok",
  "failed",
  "signalled",
  "timed_out",
  "not_started",
  "refused",
  "interrupted",
  "event_gone",
  "dropped",
] as const;
export type HookOutcome = (typeof hookOutcomes)[number];

/** What is called: an event of the list, or one of these. */
export const hookCauses = ["message", "mention", "receipt", "link_up", "link_down", "startup", "test", "send"] as const;
export type HookCause = (typeof hookCauses)[number];

/** A run of a hook. */
export interface HookRunView {
  readonly run_id: number;
  readonly hook: string;
  /** null: what called it is no event of the list. */
  readonly event_id: number | null;
  readonly event: HookCause;
  readonly state: "waiting" | "running" | "ended";
  /** How often it was begun; more than once when the daemon ended meanwhile. */
  readonly attempts: number;
  readonly queued_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  /** null until it has ended. */
  readonly outcome: HookOutcome | null;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly reason: string | null;
  /** The end of its standard error. */
  readonly said: string | null;
  /** client_message_id of its reply. */
  readonly reply: string | null;
  /** Events that this stands for: more than one when they were dropped together. */
  readonly runs: number;
}

/** A hook that has a table in hooks.toml, or an executable. */
export interface HookView {
  readonly hook: string;
  /** What calls it. */
  readonly called_when: string;
  readonly settings: HookSettings;
  readonly path: string;
  /** Why it would not be run as it is now, with what helps; null: it would. */
  readonly fault: string | null;
  readonly waiting: number;
  readonly running: number;
  readonly last_run: HookRunView | null;
}

/** What hooks are held to their policies by on this host, found out by trying. */
export interface HookContainment {
  /** null: nothing here contains a hook. */
  readonly by: "bubblewrap" | "unshare" | null;
  /** Why what would be better cannot be used, in words. */
  readonly missing: readonly string[];
  /** What a hook is bounded in. */
  readonly bounds: readonly ("memory" | "file_size" | "processes")[];
}

export interface HooksView {
  /** Why no hook runs here, whatever hooks.toml says; null: they do. */
  readonly off: string | null;
  /** hooks.toml. */
  readonly path: string;
  readonly containment: HookContainment;
  readonly hooks: readonly HookView[];
}

/** What a hook did that was called to see what it does. */
export interface HookTestView {
  readonly hook: string;
  readonly outcome: HookOutcome;
  readonly exit_code: number | null;
  readonly signal: string | null;
  /** Why it did not run, or why its answer would not be taken. */
  readonly reason: string | null;
  /** Milliseconds; null: it did not run. */
  readonly duration_ms: number | null;
  /** false: it ran as the user. null: it did not run. */
  readonly enforced: boolean | null;
  /** Its standard output, as far as it is read. */
  readonly output: string;
  readonly output_cut: boolean;
  /** The end of its standard error. */
  readonly said: string | null;
  /** It would have replied. */
  readonly replies: boolean;
}
