import { exitCodes, needsPerson } from "../exit-codes.ts";

/** How a daemon's process ended; `code` null: by a signal. */
export interface DaemonEnd {
  readonly code: number | null;
  readonly ranMs: number;
}

/** What a supervisor does about a daemon that has ended. */
export type AfterEnd =
  /** It was told to stop, so it is left alone until it is asked for. */
  | { readonly do: "leave" }
  /** Another start would end in the same way. */
  | { readonly do: "wait_for_person"; readonly code: number }
  /** Another process has its lock: one that `up` started, or that outlived an earlier supervisor. */
  | { readonly do: "look" }
  | { readonly do: "start"; readonly inMs: number; readonly attempts: number };

export const firstDelayMs = 1_000;
export const delayMaxMs = 5 * 60_000;
/** One that ran so long begins to be waited for anew. */
export const steadyMs = 10 * 60_000;

/** Starts are tried without end, further and further apart: a full disk has room again, some day. */
export function afterEnd({ code, ranMs }: DaemonEnd, attempts: number): AfterEnd {
  if (code === exitCodes.ok) return { do: "leave" };
  if (code === exitCodes.already_running) return { do: "look" };
  if (code !== null && needsPerson(code)) return { do: "wait_for_person", code };
  const earlier = ranMs >= steadyMs ? 0 : attempts;
  return { do: "start", inMs: Math.min(delayMaxMs, firstDelayMs * 2 ** Math.min(earlier, 20)), attempts: earlier + 1 };
}
