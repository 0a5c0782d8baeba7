import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { PushFrame } from "../../protocol/frames.ts";
import type { CheckedPush, Inbox } from "../parts.ts";
import type { LinkCounters } from "./link.ts";
import type { NewsFirst } from "./news-first.ts";
import type { PushCheck } from "./push-check.ts";

/**
 * Takes what is pushed over a link. A push may need what the broker told a moment ago, of keys, members or topics: that is
 * asked for first, and what comes meanwhile waits behind it, since acknowledging that would acknowledge this.
 */
export function createPushes(context: {
  readonly inbox: Inbox;
  readonly clock: Clock;
  readonly log: Log;
  readonly count?: LinkCounters;
  readonly check: PushCheck;
  readonly news: NewsFirst;
  send(frame: object): void;
  /** Receipts may be due. */
  stored(): void;
}): (frame: PushFrame) => Promise<void> {
  const { inbox, clock, news } = context;
  /** Resolves when the pushes that had to wait are stored; null: none waits. */
  let held: Promise<void> | null = null;

  async function store(frame: PushFrame): Promise<void> {
    const now = clock.now();
    const checked = frame.items.map((item) => context.check(item));
    const tally = await inbox.store(checked, now);
    // Everything above is in the inbox on disk: only now may the broker forget it.
    const reached = new Map<string, number>();
    for (const item of frame.items)
      reached.set(item.destination, Math.max(item.seq, reached.get(item.destination) ?? 0));
    context.send({ type: "push_ack", acks: [...reached].map(([destination, seq]) => ({ destination, seq })) });
    const newest = frame.items.at(-1);
    context.count?.received(tally, newest === undefined ? 0 : now - Date.parse(newest.accepted_at));
    if (tally.invalid > 0) tellInvalid(checked);
    context.stored();
  }

  /** One line a push, however much of it is refused: whoever forges must not fill the log. What is no envelope was told where it was read. */
  function tellInvalid(checked: readonly CheckedPush[]): void {
    const refused = checked.filter(({ item, invalid }) => invalid !== null && item.envelope !== null);
    const [first] = refused;
    if (first === undefined) return;
    context.log.warn(
      { count: refused.length, history_id: first.item.seq, sender: first.item.envelope?.sender, reason: first.invalid },
      "what was received did not pass its checks and is shown to nobody as a message",
    );
  }

  return (frame) => {
    if (held === null && !news.needed(frame.items)) return store(frame);
    const turn = (held ?? Promise.resolve()).then(async () => {
      if (news.needed(frame.items)) await news.fetch(frame.items);
      await store(frame);
    });
    held = turn;
    const over = (): void => {
      if (held === turn) held = null;
    };
    turn.then(over, over);
    return turn;
  };
}
