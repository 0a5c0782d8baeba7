import { ClaudemeshError } from "../../../protocol/error.ts";
import { memberInfo } from "../member-info.ts";
import { request } from "./frame-handler.ts";

/** The members who receive what is sent to a topic now, in the order of the members. Every member may ask. */
export const onTopicMembers = request<"topic_members">(async (frame, link, parts) => {
  const topic = await parts.store.topicByName(link.meshId, frame.topic);
  if (topic === null) throw new ClaudemeshError("unknown_destination", `There is no topic #${frame.topic}.`);
  const subscribed = new Set(await parts.store.subscribers(link.meshId, topic.topic_id));
  const now = parts.clock.now();
  return {
    members: (await parts.store.members(link.meshId))
      .filter((row) => row.status === "active" && subscribed.has(row.member_id))
      .map((row) => {
        const { member_id, name, role, online } = memberInfo(row, now, parts.limits.presenceLeaseMs);
        return { member_id, name, role, online };
      }),
  };
});
