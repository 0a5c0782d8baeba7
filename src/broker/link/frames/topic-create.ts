import { checkName } from "../../../protocol/address.ts";
import { requireMaker, requireUse } from "../../membership/rules.ts";
import { topicInfo } from "../member-info.ts";
import { request } from "./frame-handler.ts";

/** Creates the topic and subscribes its creator. */
export const onTopicCreate = request<"topic_create">(async (frame, link, parts) => {
  const name = checkName(frame.name, "topic");
  await requireMaker(parts.store, link.meshId, link.memberId, "topics");
  requireUse(await parts.membership.known(link.meshId), link.memberId, `#${name}`);
  const topic = await parts.store.createTopic({
    mesh_id: link.meshId,
    name,
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
