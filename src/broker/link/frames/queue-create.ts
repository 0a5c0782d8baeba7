import { checkName } from "../../../protocol/address.ts";
import { queueInfo } from "../queue-info.ts";
import { request } from "./frame-handler.ts";

/** Every member may make one, send to it and claim from it. */
export const onQueueCreate = request<"queue_create">(async (frame, link, parts) => {
  const row = await parts.store.createQueue({
    mesh_id: link.meshId,
    name: checkName(frame.name, "queue"),
    created_by: link.memberId,
    deliveries_max: frame.deliveries_max,
    now: parts.clock.now(),
  });
  parts.news.tell(link.meshId, { type: "event", event: "queue_created", queue: row.name }, link.memberId);
  return queueInfo(row, parts, true);
});
