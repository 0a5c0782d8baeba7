import { ClaudemeshError } from "../../protocol/error.ts";
import type { BrokerStore } from "../store/store.ts";

/** A topic whose history the member may read. Throws unknown_destination, not_subscribed. */
export async function readableTopic(
  store: Pick<BrokerStore, "topicByName" | "subscribers">,
  meshId: string,
  memberId: string,
  name: string,
): Promise<{ kind: "topic"; topic_id: string }> {
  const topic = await store.topicByName(meshId, name);
  if (topic === null)
    throw new ClaudemeshError("unknown_destination", `There is no topic #${name}.`, { hint: "claudemesh topic list" });
  const subscribers = await store.subscribers(meshId, topic.topic_id);
  if (!subscribers.includes(memberId)) {
    throw new ClaudemeshError("not_subscribed", `Only subscribers of #${name} may read it.`, {
      hint: `claudemesh topic join ${name}`,
    });
  }
  return { kind: "topic", topic_id: topic.topic_id };
}
