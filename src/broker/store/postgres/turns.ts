import type { Clock } from "../../../base/clock.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";

/**
 * One at a time per key. Whoever changes a mesh waits for its lock anyway: waiting here costs no connection, so that a mesh
 * whose lock is held for long, with a thousand members that come back meanwhile, leaves the connections to the other meshes.
 */
export interface Turns {
  /** Rejects with store_unavailable when `work` could not begin in time. */
  take<T>(key: string, work: () => Promise<T>): Promise<T>;
}

export function createTurns(clock: Clock, waitMs: number): Turns {
  const waiting = new Map<string, (() => void)[]>();

  function end(key: string): void {
    const next = waiting.get(key)?.shift();
    if (next === undefined) waiting.delete(key);
    else next();
  }

  function begin(key: string): Promise<void> {
    const queue = waiting.get(key);
    if (queue === undefined) {
      waiting.set(key, []);
      return Promise.resolve();
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const turn = (): void => {
      late.cancel();
      resolve();
    };
    const late = clock.after(waitMs, () => {
      queue.splice(queue.indexOf(turn), 1);
      reject(new ClaudemeshError("store_unavailable", "others change the mesh; it was not free in time"));
    });
    queue.push(turn);
    return promise;
  }

  return {
    async take(key, work) {
      await begin(key);
      try {
        return await work();
      } finally {
        end(key);
      }
    },
  };
}
