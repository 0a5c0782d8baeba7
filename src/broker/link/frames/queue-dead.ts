import { rfc3339 } from "../../../protocol/time.ts";
import { answerBytesMax, queueItem } from "../queue-info.ts";
import { request } from "./frame-handler.ts";

/** Dead letters in the order of acceptance. A page ends early when it would not fit a frame. */
export const onQueueDead = request<"queue_dead">(async (frame, link, parts) => {
  const limit = Math.max(1, Math.min(frame.limit, parts.limits.frameItemsMax));
  const found = await parts.store.deadLetters(link.meshId, frame.queue, {
    afterSeq: frame.after_seq,
    limit,
    limitBytes: answerBytesMax(parts),
    now: parts.clock.now(),
  });
  return {
    messages: found.map(({ message, died_at, ...rest }) => ({
      ...rest,
      died_at: rfc3339(died_at),
      item: queueItem(message, link.inlineBytes),
    })),
    // Fewer than were asked for may be for want of bytes: only an empty page is the last one.
    next_after_seq: found.at(-1)?.message.seq ?? null,
  };
});
