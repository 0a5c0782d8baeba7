import { checkName } from "../../../protocol/address.ts";
import { requireMaker, requireUse } from "../../membership/rules.ts";
import { queueInfo } from "../queue-info.ts";
import { request } from "./frame-handler.ts";

/** Every member but a guest may make one. */
export const onQueueCreate = request<"queue_create">(async (frame, link, parts) => {
  const name = checkName(frame.name, "queue");
  await requireMaker(parts.store, link.meshId, link.memberId, "queues");
  requireUse(await parts.membership.known(link.meshId), link.memberId, `queue:${name}`);
  const row = await parts.store.createQueue({
    mesh_id: link.meshId,
    name,
    created_by: link.memberId,
    deliveries_max: frame.deliveries_max,
    now: parts.clock.now(),
  });
  parts.news.tell(link.meshId, { type: "event", event: "queue_created", queue: row.name }, link.memberId);
  return queueInfo(row, parts, true);
});
