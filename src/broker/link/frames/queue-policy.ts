import { queueInfo } from "../queue-info.ts";
import { request } from "./frame-handler.ts";
import { requirePolicyKeeper } from "./topic-policy.ts";

/** Opens a queue for unsealed messages of API keys, or closes it, as `topic_policy` does a topic. */
export const onQueuePolicy = request<"queue_policy">(async (frame, link, parts) => {
  await requirePolicyKeeper("queues", link, parts);
  const queue = await parts.store.setQueueUnsealed(link.meshId, frame.queue, frame.unsealed);
  parts.log.info(
    {
      audit: frame.unsealed ? "queue_opened_unsealed" : "queue_closed_unsealed",
      mesh_id: link.meshId,
      member_id: link.memberId,
      queue: queue.name,
    },
    "a queue's policy was set",
  );
  parts.news.tell(link.meshId, { type: "event", event: "queue_changed", queue: queue.name });
  return queueInfo(queue, parts, true);
});
