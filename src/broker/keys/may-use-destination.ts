import { ClaudemeshError } from "../../protocol/error.ts";
import type { BrokerStore } from "../store/store.ts";

/** Whether a member may have the keys of a topic or queue: active, and subscribed to the topic. */
export async function mayUseDestination(
  store: Pick<BrokerStore, "destinationUsers">,
  meshId: string,
  memberId: string,
  destination: string,
): Promise<boolean> {
  return (await store.destinationUsers(meshId, destination, [memberId])).length > 0;
}

/** Whoever may not is told nothing of whether the topic or queue has keys. */
export async function requireDestination(
  store: Pick<BrokerStore, "destinationUsers">,
  meshId: string,
  memberId: string,
  destination: string,
): Promise<void> {
  if (await mayUseDestination(store, meshId, memberId, destination)) return;
  throw new ClaudemeshError("not_subscribed", "this member is not subscribed to the topic, or may not use the queue", {
    hint: "claudemesh topic join NAME",
  });
}
