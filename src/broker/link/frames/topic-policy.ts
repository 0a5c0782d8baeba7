import { ClaudemeshError } from "../../../protocol/error.ts";
import type { LinkParts } from "../link-parts.ts";
import type { LiveLink } from "../live-link.ts";
import { topicInfo } from "../member-info.ts";
import { request } from "./frame-handler.ts";

/** Opens a topic for unsealed messages of API keys, or closes it. Owners and admins decide what others read unproven. */
export const onTopicPolicy = request<"topic_policy">(async (frame, link, parts) => {
  await requirePolicyKeeper("topics", link, parts);
  const topic = await parts.store.setTopicUnsealed(link.meshId, frame.topic, frame.unsealed);
  parts.log.info(
    {
      audit: frame.unsealed ? "topic_opened_unsealed" : "topic_closed_unsealed",
      mesh_id: link.meshId,
      member_id: link.memberId,
      topic: topic.name,
    },
    "a topic's policy was set",
  );
  const info = await topicInfo(parts.store, topic, link.memberId);
  parts.news.tell(link.meshId, { type: "event", event: "topic_changed", topic: { ...info, subscribed: false } });
  return info;
});

/** Throws not_allowed for who may not say what others read unproven. */
export async function requirePolicyKeeper(what: "topics" | "queues", link: LiveLink, parts: LinkParts): Promise<void> {
  const member = await parts.store.member(link.meshId, link.memberId);
  if (member?.role === "owner" || member?.role === "admin") return;
  throw new ClaudemeshError("not_allowed", `Only owners and admins of the mesh open ${what} for unsealed messages.`, {
    hint: "ask one of them; claudemesh members shows the roles",
  });
}
