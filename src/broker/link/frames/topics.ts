import type { TopicInfo } from "../../../protocol/frames.ts";
import { topicInfo } from "../member-info.ts";
import { request } from "./frame-handler.ts";

export const onTopics = request<"topics">(async (_frame, link, parts) => {
  const topics: TopicInfo[] = [];
  for (const topic of await parts.store.topics(link.meshId))
    topics.push(await topicInfo(parts.store, topic, link.memberId));
  return { topics };
});
