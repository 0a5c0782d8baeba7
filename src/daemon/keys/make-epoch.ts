import type { KeyObject } from "node:crypto";
import { type EpochRecord, type EpochWrap, signEpochRecord } from "../../protocol/epoch.ts";
import { type ChainMember, currentKeys, type MembershipState } from "../../protocol/membership/state.ts";
import { x25519PublicKey } from "../sealing/x25519.ts";
import { epochId, newEpochKey, wrapEpochKey } from "../sealing/wrap.ts";

/** What is known of an epoch before it has a key. */
export interface EpochToMake {
  /** `topic:<topic_id>` or `queue:<name>`. */
  readonly destination: string;
  readonly name: string;
  /** Record that it follows; null: the destination has none. */
  readonly parent: EpochRecord | null;
  readonly history: "all" | "joined";
  readonly at: string;
}

export interface EpochMaker {
  readonly memberId: string;
  readonly keyId: string;
  readonly signingKey: KeyObject;
}

/** A new epoch under the chain's present head. The key leaves this function only in wraps. */
export function makeEpoch(
  epoch: EpochToMake,
  state: MembershipState,
  maker: EpochMaker,
  recipients: readonly ChainMember[],
): { readonly record: EpochRecord; readonly wraps: readonly EpochWrap[] } {
  const key = newEpochKey();
  const parent = epoch.parent?.epoch_id ?? null;
  const record = signEpochRecord(
    {
      mesh_id: state.meshId,
      destination: epoch.destination,
      name: epoch.name,
      epoch_id: epochId(key, parent, state.head, epoch.destination),
      parent,
      depth: epoch.parent === null ? 0 : epoch.parent.depth + 1,
      created_by: maker.memberId,
      key_id: maker.keyId,
      membership_head: state.head,
      history: epoch.history,
      at: epoch.at,
    },
    maker.signingKey,
  );
  return { record, wraps: recipients.map((recipient) => wrapFor(record, key, recipient)) };
}

/** The key of an epoch for one member, by the x25519 key that the chain names now. */
export function wrapFor(record: EpochRecord, key: Uint8Array, member: ChainMember): EpochWrap {
  const { x25519 } = currentKeys(member);
  const recipient = { memberId: member.memberId, publicKey: x25519, key: x25519PublicKey(Buffer.from(x25519, "hex")) };
  const sealed = wrapEpochKey(key, record, recipient).toString("base64url");
  return { epoch_id: record.epoch_id, member_id: member.memberId, sealed_to: x25519, sealed };
}
