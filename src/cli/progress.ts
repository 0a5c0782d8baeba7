import type { Clock, Timer } from "../base/clock.ts";

/** A line may follow another after this long. */
const intervalMs = 1_000;

/** What a command is busy with, told as lines on standard error when somebody looks at it. */
export interface Progress {
  say(text: string): void;
  /** Nothing is told from now on. */
  end(): void;
}

/**
 * A line is written when it says something new, at most one a second; of what changes faster only the newest is told.
 * Whole lines and no cursor movement: a screen reader reads each once.
 */
export function createProgress(write: (text: string) => void, clock: Clock): Progress {
  let told: string | null = null;
  let toldAt = Number.NEGATIVE_INFINITY;
  let waiting: string | null = null;
  let timer: Timer | null = null;
  let ended = false;

  const tell = (text: string): void => {
    told = text;
    toldAt = clock.now();
    write(text);
  };
  const due = (): void => {
    timer = null;
    if (waiting !== null && waiting !== told) tell(waiting);
    waiting = null;
  };
  return {
    say(text) {
      if (ended) return;
      const restMs = toldAt + intervalMs - clock.now();
      if (restMs <= 0 && timer === null) {
        if (text !== told) tell(text);
        return;
      }
      waiting = text;
      timer ??= clock.after(Math.max(restMs, 0), due);
    },
    end() {
      ended = true;
      timer?.cancel();
    },
  };
}
