import { checkName } from "../../../protocol/address.ts";
import { topicInfo } from "../member-info.ts";
import { request } from "./frame-handler.ts";

/** Creates the topic and subscribes its creator. */
export const onTopicCreate = request<"topic_create">(async (frame, link, parts) => {
  const topic = await parts.store.createTopic({
    mesh_id: link.meshId,
    name: checkName(frame.name, "topic"),
    created_by: link.memberId,
    now: parts.clock.now(),
  });
  await link.openDestinations();
  const info = await topicInfo(parts.store, topic, link.memberId);
  parts.news.tell(
    link.meshId,
    { type: "event", event: "topic_created", topic: { ...info, subscribed: false } },
    link.memberId,
  );
  return info;
});
