import { rfc3339 } from "../../../protocol/time.ts";
import { request } from "./frame-handler.ts";

export const onExtend = request<"extend">(async (frame, link, parts) => {
  const { seq, lease_until } = await parts.store.extend(link.meshId, link.memberId, frame.queue, frame.lease_id, {
    leaseMs: frame.lease_ms,
    now: parts.clock.now(),
  });
  return { seq, lease_until: rfc3339(lease_until) };
});
