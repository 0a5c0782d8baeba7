import { ClaudemeshError } from "../protocol/error.ts";

/** How long a call may take, and what may end it earlier. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole call, retries included. Default 30 s. */
  readonly timeoutMs?: number;
  /** The daemon answered this caller before: when nothing listens now it is restarting, and is tried again. */
  readonly answered?: boolean;
}

/** Of a call that names no time of its own. */
export const defaultTimeoutMs = 30_000;

export interface Deadline {
  readonly signal: AbortSignal;
  /** Frees the timer. */
  done(): void;
}

/** A signal that is aborted by the caller's own or, with timed_out as its reason, once the time is over. */
export function startDeadline(options: CallOptions, operation: string): Deadline {
  const controller = new AbortController();
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const timer = setTimeout(() => {
    controller.abort(
      new ClaudemeshError("timed_out", `${operation} did not finish in ${timeoutMs / 1_000} s`, {
        hint: "claudemesh status",
      }),
    );
  }, timeoutMs);
  const onAbort = (): void => controller.abort(options.signal?.reason);
  if (options.signal?.aborted === true) onAbort();
  else options.signal?.addEventListener("abort", onAbort, { once: true });
  return {
    signal: controller.signal,
    done() {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", onAbort);
    },
  };
}
