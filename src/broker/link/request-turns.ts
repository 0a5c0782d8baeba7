import { ClaudemeshError } from "../../protocol/error.ts";

/**
 * Requests of one link that are worked on at once; further ones wait here, in order. All links share few connections to the
 * store: without this, one member that asks a thousand things at once stands before everybody else of the broker.
 */
export interface RequestTurns {
  /** Rejects with `stopping`, without having begun, when the link ends first. */
  take<T>(work: () => Promise<T>): Promise<T>;
  /** The link is gone: what waits is not begun. */
  end(): void;
}

export function createRequestTurns(atOnceMax: number): RequestTurns {
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
