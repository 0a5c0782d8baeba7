import { topicInfo } from "../member-info.ts";
import { request } from "./frame-handler.ts";

/** What was sent while subscribed is still pushed. */
export const onUnsubscribe = request<"unsubscribe">(async (frame, link, parts) => {
  const topic = await parts.store.unsubscribe(link.meshId, link.memberId, frame.topic, parts.clock.now());
  await link.openDestinations();
  parts.keyNews.changed(link.meshId);
  parts.progress.moved(link.meshId, topic.topic_id);
  parts.bus.publish({ kind: "topic_moved", mesh_id: link.meshId, topic_id: topic.topic_id });
  return topicInfo(parts.store, topic, link.memberId);
});
