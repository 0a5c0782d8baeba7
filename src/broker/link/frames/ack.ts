import { request } from "./frame-handler.ts";

/** The lease is the proof, on whichever link of the member it comes: a reconnect between claim and ack loses nothing. */
export const onAck = request<"ack">(async (frame, link, parts) => {
  const { seq } = await parts.store.ack(link.meshId, link.memberId, frame.queue, frame.lease_id, parts.clock.now());
  parts.metrics.queueAcks.inc({ mesh: link.meshId });
  return { seq };
});
