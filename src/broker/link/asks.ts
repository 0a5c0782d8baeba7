import type { Clock, Timer } from "../../base/clock.ts";
import type { NoticesFrame, ReceiptFrame } from "../../protocol/frames.ts";

/** What a daemon is told and confirms with `reply` once it is on its disk. */
export type Ask = Omit<ReceiptFrame, "id"> | Omit<NoticesFrame, "id">;

/** The questions of one link that wait for their reply. */
export interface Asks {
  /** True once the daemon replied; false when too many wait already, it took too long, or the link ended. */
  ask(frame: Ask): Promise<boolean>;
  replied(id: number): void;
  /** The link is gone. */
  end(): void;
}

export function createAsks(options: {
  readonly clock: Clock;
  readonly waitingMax: number;
  readonly replyMs: number;
  send(frame: ReceiptFrame | NoticesFrame): void;
}): Asks {
  const waiting = new Map<number, { readonly timer: Timer; settle(replied: boolean): void }>();
  let nextId = 1;
  let ended = false;

  function settle(id: number, replied: boolean): void {
    const found = waiting.get(id);
    if (found === undefined) return;
    waiting.delete(id);
    found.timer.cancel();
    found.settle(replied);
  }

  return {
    ask(frame) {
      if (ended || waiting.size >= options.waitingMax) return Promise.resolve(false);
      const id = nextId++;
      return new Promise((resolve) => {
        waiting.set(id, { timer: options.clock.after(options.replyMs, () => settle(id, false)), settle: resolve });
        options.send({ ...frame, id });
      });
    },
    replied: (id) => settle(id, true),
    end() {
      ended = true;
      for (const id of [...waiting.keys()]) settle(id, false);
    },
  };
}
