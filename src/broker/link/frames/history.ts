import { ClaudemeshError } from "../../../protocol/error.ts";
import { logPage } from "../../route/log-page.ts";
import type { LinkParts } from "../link-parts.ts";
import type { LiveLink } from "../live-link.ts";
import { request } from "./frame-handler.ts";

/** Newest first. A page ends early when it would not fit a frame; `next_before_seq` goes on from there. */
export const onHistory = request<"history">(async (frame, link, parts) => {
  const limit = Math.max(1, Math.min(frame.limit, parts.limits.frameItemsMax));
  const address = frame.address === "dm" ? ({ kind: "dm" } as const) : await topicAddress(frame.address, link, parts);
  const messages = await parts.store.history(link.meshId, link.memberId, address, {
    beforeSeq: frame.before_seq,
    limit,
  });
  return logPage(messages, limit, parts.limits.frameBytesMax);
});

async function topicAddress(
  name: string,
  link: LiveLink,
  parts: LinkParts,
): Promise<{ kind: "topic"; topic_id: string }> {
  const topic = await parts.store.topicByName(link.meshId, name);
  if (topic === null)
    throw new ClaudemeshError("unknown_destination", `There is no topic #${name}.`, { hint: "claudemesh topic list" });
  const subscribers = await parts.store.subscribers(link.meshId, topic.topic_id);
  if (!subscribers.includes(link.memberId)) {
    throw new ClaudemeshError("not_subscribed", `Only subscribers of #${name} may read it.`, {
      hint: `claudemesh topic join ${name}`,
    });
  }
  return { kind: "topic", topic_id: topic.topic_id };
}
