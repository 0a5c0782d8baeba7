import { rfc3339 } from "../../../protocol/time.ts";
import { request } from "./frame-handler.ts";

export const onNack = request<"nack">(async (frame, link, parts) => {
  const { seq, state, available_at } = await parts.store.nack(link.meshId, link.memberId, frame.queue, frame.lease_id, {
    delayMs: frame.delay_ms,
    reason: frame.reason,
    now: parts.clock.now(),
  });
  if (state === "dead") parts.metrics.queueDeadLetters.inc({ mesh: link.meshId });
  // Also for a later time: who waits has to look for it then.
  else parts.queues.ready(link.meshId, frame.queue);
  return { seq, state, available_at: rfc3339(available_at) };
});
