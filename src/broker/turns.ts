import { ClaudemeshError } from "../protocol/error.ts";

/** Work of which so much goes on at once; what is beyond waits here, in the order in which it came. */
export interface Turns {
  /** Rejects with `stopping`, without having begun, when whoever asked ends first. */
  take<T>(work: () => Promise<T>): Promise<T>;
  /** Nobody waits any more: what does is not begun. */
  end(): void;
}

export function createTurns(atOnceMax: number): Turns {
  let running = 0;
  let ended = false;
  let waiting: (() => void)[] = [];
  const gone = (): ClaudemeshError => new ClaudemeshError("stopping", "The link ended before this was begun.");

  return {
    async take(work) {
      if (running >= atOnceMax) await new Promise<void>((resolve) => waiting.push(resolve));
      else running += 1;
      try {
        if (ended) throw gone();
        return await work();
      } finally {
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
    end() {
      ended = true;
      const all = waiting;
      waiting = [];
      running += all.length;
      for (const resolve of all) resolve();
    },
  };
}
