import { fullJitter } from "../base/backoff.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { sleep } from "./sleep.ts";

/** Attempts of one call, the first included. */
const attemptsMax = 6;
/** Between attempts of a call, and between connections of an event stream. */
export const clientBackoff = { baseMs: 100, capMs: 2_000 };

/**
 * Runs `attempt` until it answers, with full jitter between attempts. Only errors that are `retryable` are tried
 * again, and not_running once an earlier attempt (or, if `answered`, an earlier call) has reached the daemon, which is
 * then restarting. The last error is
 * thrown when attempts or time run out: it says more than "timed out".
 */
export async function withRetry<T>(attempt: () => Promise<T>, signal: AbortSignal, answered = false): Promise<T> {
  let reached = answered;
  for (let made = 1; ; made += 1) {
    try {
      return await attempt();
    } catch (thrown) {
      const worthRepeating =
        thrown instanceof ClaudemeshError && (thrown.retryable || (reached && thrown.code === "not_running"));
      if (!worthRepeating || made >= attemptsMax || signal.aborted) throw thrown;
      reached ||= thrown.code !== "not_running";
      await sleep(Math.max(fullJitter(made - 1, clientBackoff), retryAfterMs(thrown)), signal).catch(() => {
        throw thrown;
      });
    }
  }
}

/** Longer than any call lasts, and the longest that a timer takes: beyond, it would be over at once. */
const delayMaxMs = 2_147_483_647;

/** How long the daemon has asked to be left alone. */
function retryAfterMs({ details }: ClaudemeshError): number {
  const asked = details["retry_after_ms"];
  return typeof asked === "number" && asked > 0 ? Math.min(asked, delayMaxMs) : 0;
}
