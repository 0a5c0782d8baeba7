import { fullJitter } from "../base/backoff.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { clientBackoff } from "./retry.ts";
import { sleep } from "./sleep.ts";

/**
 * Repeats a call for as long as its daemon is away or overloaded, however long that is: for commands that go on until
 * they are told to stop. `onAway` is called before each pause. Ends by the signal, with its reason, or by an error that
 * repeating cannot mend.
 */
export async function outlast<T>(
  call: () => Promise<T>,
  options: { readonly signal: AbortSignal; readonly onAway?: () => void },
): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await call();
    } catch (thrown) {
      const passes = thrown instanceof ClaudemeshError && (thrown.retryable || thrown.code === "not_running");
      if (!passes || options.signal.aborted) throw thrown;
      options.onAway?.();
      await sleep(fullJitter(failures, clientBackoff), options.signal);
    }
  }
}
