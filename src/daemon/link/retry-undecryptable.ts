import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Inbox } from "../parts.ts";
import type { PushCheck } from "./push-check.ts";

/** Looks again at what is kept sealed whenever keys or the membership change: one run at a time, and one more for what came meanwhile. */
export interface UndecryptableRetry {
  /** `all`: also what no key could still come for. */
  wake(all: boolean): void;
  /** Resolves when nothing runs any more; nothing is begun after it. */
  stop(): Promise<void>;
}

export function createUndecryptableRetry(context: {
  readonly inbox: Inbox;
  readonly check: PushCheck;
  readonly clock: Clock;
  readonly log: Log;
}): UndecryptableRetry {
  const { inbox, check, clock, log } = context;
  let running: Promise<void> | null = null;
  let again: { all: boolean } | null = null;
  let stopped = false;

  async function run(): Promise<void> {
    while (again !== null && !stopped) {
      const { all } = again;
      again = null;
      try {
        const decided = await inbox.retryUndecryptable((item) => check(item), all, clock.now());
        if (decided > 0) log.info({ messages: decided }, "messages that were kept sealed are open now");
      } catch (error) {
        log.warn(
          { error: String(error) },
          "what is kept sealed could not be looked at; the next change of keys does it",
        );
      }
    }
  }

  return {
    wake(all) {
      if (stopped) return;
      again = { all: all || again?.all === true };
      running ??= run().finally(() => {
        running = null;
      });
    },
    async stop() {
      stopped = true;
      await running;
    },
  };
}
