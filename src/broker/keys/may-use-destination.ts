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
  throw new ClaudemeshError("not_subscribed", "only who may use a topic or queue hands in keys of it", {
    hint: "claudemesh topic join NAME",
  });
}
