import { rfc3339 } from "../../../protocol/time.ts";
import { requireUse } from "../../membership/rules.ts";
import { answerBytesMax, queueItem } from "../queue-info.ts";
import { request } from "./frame-handler.ts";

/** Dead letters in the order of acceptance. A page ends early when it would not fit a frame. */
export const onQueueDead = request<"queue_dead">(async (frame, link, parts) => {
  requireUse(await parts.membership.known(link.meshId), link.memberId, `queue:${frame.queue}`);
  const limit = Math.max(1, Math.min(frame.limit, parts.limits.frameItemsMax));
  const now = parts.clock.now();
  const page = (afterSeq: number, of: { readonly limit: number; readonly limitBytes: number }) =>
    parts.store.deadLetters(link.meshId, frame.queue, { afterSeq, now, ...of });
  const found = await page(frame.after_seq, { limit, limitBytes: answerBytesMax(parts) });
  const last = found.at(-1)?.message.seq ?? null;
  // Fewer than were asked for may be for want of bytes: that nothing follows is only known by asking for it.
  const more = last !== null && (await page(last, { limit: 1, limitBytes: 1 })).length > 0;
  return {
    messages: found.map(({ message, died_at, ...rest }) => ({
      ...rest,
      died_at: rfc3339(died_at),
      item: queueItem(message, link.inlineBytes),
    })),
    next_after_seq: more ? last : null,
  };
});
