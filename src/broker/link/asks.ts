import type { Clock, Timer } from "../../base/clock.ts";
import { isRecord } from "../../protocol/feature-schemas.ts";
import type { ReceiptFrame } from "../../protocol/frames.ts";
import type { NoticesFrame } from "../../protocol/notice-frames.ts";

/** What a daemon is told and confirms with `reply` once it is on its disk. */
export type Ask = Omit<ReceiptFrame, "id"> | Omit<NoticesFrame, "id">;

/** What a daemon replied. */
export interface AskReply {
  /** Of receipts: ids that it has not sent. */
  readonly unknown: ReadonlySet<string>;
}

/** The questions of one link that wait for their reply. */
export interface Asks {
  /** The reply; null when too many wait already, it took too long, or the link ended. */
  ask(frame: Ask): Promise<AskReply | null>;
  replied(id: number, result: unknown): void;
  /** The link is gone. */
  end(): void;
}

export function createAsks(options: {
  readonly clock: Clock;
  readonly waitingMax: number;
  readonly replyMs: number;
  send(frame: ReceiptFrame | NoticesFrame): void;
}): Asks {
  const waiting = new Map<number, { readonly timer: Timer; settle(reply: AskReply | null): void }>();
  let nextId = 1;
  let ended = false;

  function settle(id: number, reply: AskReply | null): void {
    const found = waiting.get(id);
    if (found === undefined) return;
    waiting.delete(id);
    found.timer.cancel();
    found.settle(reply);
  }

  return {
    ask(frame) {
      if (ended || waiting.size >= options.waitingMax) return Promise.resolve(null);
      const id = nextId++;
      return new Promise((resolve) => {
        waiting.set(id, { timer: options.clock.after(options.replyMs, () => settle(id, null)), settle: resolve });
        options.send({ ...frame, id });
      });
    },
    replied: (id, result) => settle(id, { unknown: new Set(unknownIn(result)) }),
    end() {
      ended = true;
      for (const id of [...waiting.keys()]) settle(id, null);
    },
  };
}

/** A daemon of an earlier version says nothing of it. */
function unknownIn(result: unknown): readonly string[] {
  const unknown = isRecord(result) ? result["unknown"] : undefined;
  return Array.isArray(unknown) ? unknown.filter((id): id is string => typeof id === "string") : [];
}
