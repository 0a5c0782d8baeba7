import { fullJitter } from "../base/backoff.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { clientBackoff } from "./retry.ts";
import { sleep } from "./sleep.ts";

/**
 * Repeats a call for as long as its daemon is away or overloaded: for commands that go on until they are told to stop.
 * `onAway` is called before each pause. Ends by the signal, with its reason, by an error that repeating cannot mend, or
 * by the last error once it has been repeated for `forMs`; without that, however long it takes.
 */
export async function outlast<T>(
  call: () => Promise<T>,
  options: { readonly signal: AbortSignal; readonly onAway?: () => void; readonly forMs?: number },
): Promise<T> {
  const until = Date.now() + (options.forMs ?? Number.POSITIVE_INFINITY);
  for (let failures = 0; ; failures += 1) {
    try {
      return await call();
    } catch (thrown) {
      const passes = thrown instanceof ClaudemeshError && (thrown.retryable || thrown.code === "not_running");
      if (!passes || options.signal.aborted || Date.now() >= until) throw thrown;
      options.onAway?.();
      await sleep(fullJitter(failures, clientBackoff), options.signal);
    }
  }
}
