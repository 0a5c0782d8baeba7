import type { Clock, Timer } from "../../base/clock.ts";

/**
 * Memos of committed ids on their way out. They wait `delayMs`, since another broker may have looked the same id up just
 * before the commit and asks the limiter now: it must find it paid.
 */
export interface Forgets {
  add(meshId: string, memos: readonly string[]): void;
  /** What still waits is left to its time to live. */
  stop(): void;
}

export function createForgets(options: {
  readonly clock: Clock;
  readonly delayMs: number;
  /** Beyond it the oldest batch is left to its time to live. */
  readonly batchesMax: number;
  forget(meshId: string, memos: readonly string[]): void;
}): Forgets {
  const { clock, delayMs } = options;
  // One half fills while the other waits: every batch waits between one and two delays, and one timer is enough.
  let filling: { meshId: string; memos: readonly string[] }[] = [];
  let waiting: typeof filling = [];
  let timer: Timer | null = null;
  let stopped = false;

  function turn(): void {
    timer = null;
    for (const { meshId, memos } of waiting) options.forget(meshId, memos);
    waiting = filling;
    filling = [];
    if (waiting.length > 0) timer = clock.after(delayMs, turn);
  }

  return {
    add(meshId, memos) {
      if (stopped || memos.length === 0) return;
      filling.push({ meshId, memos });
      if (waiting.length + filling.length > options.batchesMax) (waiting.length > 0 ? waiting : filling).shift();
      timer ??= clock.after(delayMs, turn);
    },
    stop() {
      stopped = true;
      timer?.cancel();
      timer = null;
      filling = [];
      waiting = [];
    },
  };
}
