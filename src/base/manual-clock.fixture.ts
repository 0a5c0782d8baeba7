import type { Clock, Timer } from "./clock.ts";

/** Time that moves only when a test moves it. */
export interface ManualClock extends Clock {
  /** Moves on by `ms`, running what becomes due in order, each at its own time. */
  advance(ms: number): void;
  /** Sets the wall clock, as an operator or NTP may; timers keep their remaining time. */
  jump(toMs: number): void;
}

export function createManualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  let wall = startMs;
  let elapsed = 0;
  let serial = 0;
  const timers = new Map<number, { readonly dueAt: number; readonly run: () => void }>();
  const nextDue = (): [number, { readonly dueAt: number; readonly run: () => void }] | undefined =>
    [...timers].sort(([first, a], [second, b]) => a.dueAt - b.dueAt || first - second)[0];
  return {
    now: () => wall,
    after(delayMs, run): Timer {
      serial += 1;
      const id = serial;
      timers.set(id, { dueAt: elapsed + Math.max(0, delayMs), run });
      return { cancel: () => void timers.delete(id) };
    },
    advance(ms) {
      const end = elapsed + ms;
      for (let due = nextDue(); due !== undefined && due[1].dueAt <= end; due = nextDue()) {
        const [id, timer] = due;
        timers.delete(id);
        wall += timer.dueAt - elapsed;
        elapsed = timer.dueAt;
        timer.run();
      }
      wall += end - elapsed;
      elapsed = end;
    },
    jump(toMs) {
      wall = toMs;
    },
  };
}
