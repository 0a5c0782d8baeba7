import { ClaudemeshError } from "../../../protocol/error.ts";
import { keyProofHolds } from "../../../protocol/membership/entry.ts";
import { request } from "./frame-handler.ts";

/** From a member that no chain names yet, for an owner to take it in by. */
export const onKeysAnnounce = request<"keys_announce">(async (frame, link, parts) => {
  const { meshId, memberId } = link;
  const { x25519_pubkey, proof } = frame;
  if (!keyProofHolds(meshId, memberId, { ed25519_pubkey: memberId, x25519_pubkey, proof }))
    throw new ClaudemeshError("membership_invalid", "the announced keys do not prove each other");
  if ((await parts.membership.known(meshId))?.members.has(memberId) === true)
    throw new ClaudemeshError("mesh_sealed", "the mesh's membership chain has this member's keys already", {
      hint: "claudemesh members shows who belongs to the mesh",
    });
  await parts.store.announceKeys(meshId, memberId, { x25519_pubkey, proof }, parts.clock.now());
  return {};
});
