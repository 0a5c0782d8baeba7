import { request } from "./frame-handler.ts";

/** The member alone can tell that its wrap does not open. Who has the key is asked for another at once. */
export const onWrapRefused = request<"wrap_refused">(async ({ epoch_id, sealed_to }, link, parts) => {
  const { meshId, memberId } = link;
  const taken = await parts.store.refuseWrap(meshId, memberId, { epoch_id, sealed_to }, parts.clock.now());
  if (taken) parts.keyNews.mayLack(meshId, memberId);
  return { taken };
});
