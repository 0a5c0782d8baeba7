import { requireUse } from "../../membership/rules.ts";
import { topicInfo } from "../member-info.ts";
import { request } from "./frame-handler.ts";

/** From the answer on, what is sent to the topic is pushed on this link. */
export const onSubscribe = request<"subscribe">(async (frame, link, parts) => {
  requireUse(await parts.membership.known(link.meshId), link.memberId, `#${frame.topic}`);
  const topic = await parts.store.subscribe(link.meshId, link.memberId, frame.topic, parts.clock.now());
  await link.openDestinations();
  parts.keyNews.changed(link.meshId);
  return topicInfo(parts.store, topic, link.memberId);
});
