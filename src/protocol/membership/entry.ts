import { createHash, type KeyObject } from "node:crypto";
import type { MemberInfo } from "../frames.ts";
import { canonicalJson } from "../json-canonical.ts";
import type { JsonValue } from "../json-value.ts";
import { lengthPrefixed } from "../length-prefixed.ts";
import { publicKeyFromHex, sign, verify } from "../signing.ts";

/**
 * A mesh's membership chain (docs/security.md): who belongs to it, under which name, role and keys. Each entry names the
 * hash of the one before and is signed by who may make it, so that a broker, which keeps the chain, can neither invent,
 * hide nor take back a member without every other member finding out.
 */
export type MembershipEntry = EntryPlace & EntryContent & { readonly signature: string };

/** Where an entry stands and who made it. */
export interface EntryPlace {
  readonly mesh_id: string;
  /** 0 for `create`, then one more each. */
  readonly n: number;
  /** Hash of the entry before, 64 hex characters; null for `create`. */
  readonly previous: string | null;
  /** RFC 3339 UTC with milliseconds, by the clock of who made it. */
  readonly at: string;
  /** member_id of who made it; of a `join` the invite_id. */
  readonly by: string;
  /** ed25519 public key that signed, 64 hex characters: one in use of `by`. */
  readonly key_id: string;
}

/** What an entry says. */
export type EntryContent =
  /** The first entry: its maker is the mesh's owner. */
  | {
      readonly kind: "create";
      readonly member: NewMember;
      /** The last place of the log at which signed, unsealed messages may stand: null for a mesh that was always sealed. */
      readonly unsealed_through: LogPlace | null;
    }
  /** An owner or admin takes somebody in whose keys it knows at first hand. */
  | { readonly kind: "admit"; readonly member: NewMember; readonly role: Role }
  /** A key pair whose private half stands in the invite's link: whoever holds it may sign `uses` joins. */
  | {
      readonly kind: "invite";
      /** Its public half, 64 hex characters. */
      readonly invite_id: string;
      readonly role: Role;
      readonly uses: number;
      readonly expires_at: string;
    }
  | { readonly kind: "invite_revoke"; readonly invite_id: string }
  | { readonly kind: "join"; readonly member: NewMember }
  /** By the member itself, an owner or an admin. The old name stays the member's too: nobody else ever gets it. */
  | { readonly kind: "rename"; readonly member_id: string; readonly name: string }
  | { readonly kind: "role"; readonly member_id: string; readonly role: Role }
  /** By the member itself: whose direct messages it takes; null: everybody's. */
  | { readonly kind: "dm_from"; readonly from: readonly string[] | null }
  /** By an owner or admin: the topics and queues (`#name`, `queue:name`) that a member may use; null: all. */
  | { readonly kind: "grants"; readonly member_id: string; readonly destinations: readonly string[] | null }
  /** The member's next keys, signed by its present one; `keys.proof` by the next one. */
  | { readonly kind: "rotate"; readonly keys: MemberKeys }
  | { readonly kind: "revoke"; readonly member_id: string; readonly through: LogPlace }
  | { readonly kind: "leave"; readonly through: LogPlace }
  /** By an owner or admin: opens a topic or queue for what API keys hand to the broker unsealed, or closes it. */
  | { readonly kind: "policy"; readonly destination: string; readonly unsealed: boolean };

export type EntryKind = EntryContent["kind"];
export type Entry<Kind extends EntryKind> = Extract<MembershipEntry, { kind: Kind }>;
export type Role = MemberInfo["role"];

/** Public keys of a member, 64 hex characters each. */
export interface MemberKeys {
  readonly ed25519_pubkey: string;
  readonly x25519_pubkey: string;
  /** By the ed25519 key over {@link keyProofBytes}: whoever has the one has chosen the other, for this mesh. */
  readonly proof: string;
}

export interface NewMember {
  /** The first ed25519 public key. */
  readonly member_id: string;
  readonly name: string;
  readonly x25519_pubkey: string;
  readonly proof: string;
}

/** A place of the broker's log. */
export interface LogPlace {
  readonly epoch: number;
  readonly seq: number;
}

export type UnsignedEntry = EntryPlace & EntryContent;

/** What is signed: tag, then the canonical JSON (RFC 8785) of the entry without its signature. */
export function entryBytes(entry: UnsignedEntry | MembershipEntry): Buffer {
  const { signature: _, ...unsigned } = entry as MembershipEntry;
  return lengthPrefixed(Buffer.from("claudemesh:membership:v1", "ascii"), [canonical(unsigned)]);
}

export function signEntry(entry: UnsignedEntry, key: KeyObject): MembershipEntry {
  return { ...entry, signature: sign(key, entryBytes(entry)) } as MembershipEntry;
}

/** Canonical JSON of the whole entry: as it is kept and sent. */
export function entryText(entry: MembershipEntry): string {
  return canonical(entry);
}

/** 64 lower-case hex characters: what the next entry names, and envelopes as their `membership_head`. */
export function entryHash(text: string): string {
  return createHash("sha256")
    .update(lengthPrefixed(Buffer.from("claudemesh:membership-hash:v1", "ascii"), [text]))
    .digest("hex");
}

/** What a member's proof of its keys covers. */
export function keyProofBytes(meshId: string, memberId: string, keys: Omit<MemberKeys, "proof">): Buffer {
  return lengthPrefixed(Buffer.from("claudemesh:member-keys:v1", "ascii"), [
    meshId,
    memberId,
    keys.ed25519_pubkey,
    keys.x25519_pubkey,
  ]);
}

export function signKeyProof(
  meshId: string,
  memberId: string,
  keys: Omit<MemberKeys, "proof">,
  key: KeyObject,
): MemberKeys {
  return { ...keys, proof: sign(key, keyProofBytes(meshId, memberId, keys)) };
}

/** Whether the keys prove each other. False for whatever else was sent. */
export function keyProofHolds(meshId: string, memberId: string, keys: MemberKeys): boolean {
  return signatureHolds(keys.ed25519_pubkey, keyProofBytes(meshId, memberId, keys), keys.proof);
}

/** False also for 32 bytes that are no point of the curve. */
export function signatureHolds(publicKeyHex: string, bytes: Uint8Array, signature: string): boolean {
  try {
    return verify(publicKeyFromHex(publicKeyHex), bytes, signature);
  } catch {
    return false;
  }
}

function canonical(value: object): string {
  return canonicalJson(value as JsonValue);
}
