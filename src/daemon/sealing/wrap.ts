import { hash, type KeyObject, randomBytes } from "node:crypto";
import type { EpochRecord } from "../../protocol/epoch.ts";
import { lengthPrefixed } from "../../protocol/length-prefixed.ts";
import { deriveKeyPair, hpkeInfo, hpkeOverheadBytes, openBase, sealBase } from "./hpke.ts";

const epochKeyBytes = 32;
export const wrapBytes = hpkeOverheadBytes + epochKeyBytes;

/** What of an epoch's record its key is bound to. */
export type EpochOfKey = Pick<EpochRecord, "mesh_id" | "destination" | "epoch_id" | "parent" | "membership_head">;

/** The member that a key is sealed to. `publicKey` is `key`, or its public half, in 64 hex characters. */
export interface WrapRecipient {
  readonly memberId: string;
  readonly publicKey: string;
  readonly key: KeyObject;
}

const epochTag = Buffer.from("claudemesh:epoch:v1", "ascii");
const wrapTag = Buffer.from("claudemesh:wrap:v1", "ascii");
const info = hpkeInfo(wrapTag);

export function newEpochKey(): Buffer {
  return randomBytes(epochKeyBytes);
}

/** 64 hex characters. Whoever holds the key can tell that it is the one that a record speaks of; nobody else learns of it. */
export function epochId(key: Uint8Array, parent: string | null, membershipHead: string, destination: string): string {
  return hash("sha256", lengthPrefixed(epochTag, [key, parent ?? "", membershipHead, destination]), "hex");
}

/** The epoch's key, sealed to one member. Throws invalid_field for a point of small order; the chain admits none. */
export function wrapEpochKey(key: Uint8Array, epoch: EpochOfKey, recipient: WrapRecipient): Buffer {
  const aad = associated(epoch, recipient);
  // Hedged: a machine that was set back and draws the same bytes again still has another ephemeral key for another wrap.
  const ephemeral = deriveKeyPair(Buffer.concat([randomBytes(epochKeyBytes), key, aad]));
  return sealBase({ recipient: recipient.key, ephemeral, info, aad, plaintext: key });
}

/**
 * The epoch's key; null when this was not sealed to this member's key for this epoch, or holds another key than the epoch's
 * id names. A wrap is not signed: whoever made it, the id proves what is in it. `recipient.key` is private.
 */
export function unwrapEpochKey(sealed: Uint8Array, epoch: EpochOfKey, recipient: WrapRecipient): Buffer | null {
  if (sealed.length !== wrapBytes) return null;
  const key = openBase({
    recipientKey: recipient.key,
    recipientPublicRaw: Buffer.from(recipient.publicKey, "hex"),
    info,
    aad: associated(epoch, recipient),
    sealed,
  });
  if (key === null) return null;
  return epochId(key, epoch.parent, epoch.membership_head, epoch.destination) === epoch.epoch_id ? key : null;
}

/** A wrap opens for no other epoch, member or key. */
function associated(epoch: EpochOfKey, { memberId, publicKey }: WrapRecipient): Buffer {
  return lengthPrefixed(wrapTag, [epoch.mesh_id, epoch.destination, epoch.epoch_id, memberId, publicKey]);
}
