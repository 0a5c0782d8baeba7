import { request } from "./frame-handler.ts";

/** What this broker lost, as after a backup was put back: whoever has it hands it in again. */
export const onKeysHeld = request<"keys_held">(async (frame, link, parts) => ({
  lacking: await parts.store.epochsLacked(link.meshId, link.memberId, frame.epoch_ids),
}));
