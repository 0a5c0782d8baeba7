import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";

/** Looks when leases of sessions end. */
export interface LeaseEnds {
  /** One ends then, or may. */
  lookAt(time: number): void;
  stop(): void;
}

/** `endOverdue` ends what is over; what fails is tried again a lease later. */
export function createLeaseEnds({
  clock,
  log,
  endOverdue,
}: {
  readonly clock: Clock;
  readonly log: Log;
  readonly endOverdue: () => Promise<void>;
}): LeaseEnds {
  let timer: Timer | null = null;
  let timerAt = 0;
  let stopped = false;

  function lookAt(time: number): void {
    if (stopped || (timer !== null && timerAt <= time)) return;
    timer?.cancel();
    timerAt = time;
    timer = clock.after(Math.max(0, time - clock.now()), () => {
      timer = null;
      endOverdue().catch((thrown: unknown) => {
        if (stopped) return;
        const { code, message } = ClaudemeshError.from(thrown);
        log.warn({ code, error: message }, "sessions whose lease is over could not be ended; it is tried again");
        lookAt(clock.now() + limits.presenceLeaseMs);
      });
    });
  }

  return {
    lookAt,
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}
