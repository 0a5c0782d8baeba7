import type { Clock } from "../../base/clock.ts";

/** A clock that stands until it is moved. */
export interface ManualClock extends Clock {
  /** Moves on and runs what falls due, in order. */
  advance(ms: number): void;
}

export function createManualClock(startMs = 1_800_000_000_000): ManualClock {
  let now = startMs;
  let pending: { at: number; run: () => void }[] = [];

  return {
    now: () => now,
    after(delayMs, run) {
      const entry = { at: now + delayMs, run };
      pending.push(entry);
      return {
        cancel() {
          pending = pending.filter((other) => other !== entry);
        },
      };
    },
    advance(ms) {
      const until = now + ms;
      for (;;) {
        const due = pending.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        pending = pending.filter((other) => other !== due);
        now = Math.max(now, due.at);
        due.run();
      }
      now = until;
    },
  };
}
