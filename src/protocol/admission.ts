import type { KeyObject } from "node:crypto";
import type { MemberInfo } from "./frames.ts";
import type { MembershipHead } from "./membership-frames.ts";
import { type MembershipEntry, signatureHolds } from "./membership/entry.ts";
import { lengthPrefixed } from "./length-prefixed.ts";
import { publicKeyHexOf, sign } from "./signing.ts";

/** Where a request by an invite is good: one mesh at one deployment. */
export interface InvitePlace {
  readonly mesh_id: string;
  readonly broker_key: string;
}

/** Answer of `GET /v1/broker`: who this is, proven for the asker's own nonce and the address that was dialled. */
export interface BrokerProof {
  readonly broker_id: string;
  readonly broker_key: string;
  readonly server_time: string;
  /** Of the listener that was asked: who met another one has somebody between. null: no TLS. */
  readonly certificate_print: string | null;
  readonly signature: string;
}

/** A request of who holds an invite to read the mesh's membership chain: it names the broker's key, so that it is worth nothing anywhere else. */
export interface MembershipRead {
  /** The invite's public key, 64 lower-case hex characters. */
  readonly invite_id: string;
  /** Entries above this place; -1: from the beginning. */
  readonly after: number;
  /** RFC 3339; ten minutes off at most. */
  readonly at: string;
  /** By the invite's key over {@link membershipReadBytes}. */
  readonly signature: string;
}

/** Entries of a mesh's membership chain, in order. */
export interface MembershipPage {
  readonly entries: readonly MembershipEntry[];
  /** null: the mesh has no chain. */
  readonly head: MembershipHead | null;
  readonly slug: string;
}

/** Answer of `POST /v1/meshes/{mesh_id}/join`. */
export interface Joined {
  readonly mesh_id: string;
  readonly slug: string;
  readonly member_id: string;
  readonly name: string;
  readonly role: MemberInfo["role"];
}

function membershipReadBytes(place: InvitePlace, read: Omit<MembershipRead, "signature">): Buffer {
  return lengthPrefixed(Buffer.from("claudemesh:membership-read:v1", "ascii"), [
    place.mesh_id,
    place.broker_key,
    read.invite_id,
    String(read.after),
    read.at,
  ]);
}

export function signMembershipRead(
  place: InvitePlace,
  inviteKey: KeyObject,
  read: { readonly after: number; readonly at: string },
): MembershipRead {
  const unsigned = { invite_id: publicKeyHexOf(inviteKey), ...read };
  return { ...unsigned, signature: sign(inviteKey, membershipReadBytes(place, unsigned)) };
}

/** False for whatever else was sent. */
export function membershipReadHolds(place: InvitePlace, read: MembershipRead): boolean {
  return signatureHolds(read.invite_id, membershipReadBytes(place, read), read.signature);
}
