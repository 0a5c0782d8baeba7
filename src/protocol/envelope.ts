/**
 * The one envelope, from the local API to the remote inbox. Frozen at its first transmission: a retry repeats it
 * byte for byte. Everything but `body`'s plaintext is visible to the broker.
 */
export interface Envelope {
  /** The version of the wire fingerprint below, one of fingerprint.ts. */
  readonly version: number;
  readonly mesh_id: string;
  /** member_id: 64 lower-case hex characters. */
  readonly sender: string;
  /**
   * Names the signing key in use. Until keys rotate it is the sender's member_id. `api:<key id>`: an API key of the member
   * handed it straight to the broker, which alone vouches for that; then there is no signature. Never from a link.
   */
  readonly key_id: string;
  /** Wire form: a UUIDv7, or `<first 16 hex of sender>:<caller's id>`. */
  readonly client_message_id: string;
  readonly destination_kind: DestinationKind;
  /** Topic or queue name; for a dm the recipient's member_id, with `/agent` when an agent is addressed. */
  readonly destination_ref: string;
  /** broker_message_id (UUIDv7 text) of the message answered. */
  readonly reply_to: string | null;
  /** Wire client_message_id of the row that this one replaces; a receiver shows at most one of the two. */
  readonly supersedes: string | null;
  readonly priority: Priority;
  /** Canonical JSON text (RFC 8785) of an object; "" for none. */
  readonly meta: string;
  /** member_ids, sorted, without duplicates. */
  readonly mentions: readonly string[];
  readonly content_type: string;
  readonly algorithm: Algorithm;
  /** What the body is sealed to, 64 lower-case hex characters: the recipient's x25519 key or the epoch's id; null for `none`. */
  readonly sealed_to: string | null;
  /** Sealed bytes, base64url without padding. */
  readonly body: string;
  /** Wire fingerprint in `version`, 64 lower-case hex characters. */
  readonly request_fingerprint: string;
  /** Hash of the membership chain's head that the sender knew; null before there is a chain. Outside the fingerprint. */
  readonly membership_head: string | null;
  /** ed25519 over security.md's tagged encoding, base64url; "" by an API key. Outside the fingerprint. */
  readonly signature: string;
  /** When the caller's request was accepted on the sender's host, RFC 3339 UTC with milliseconds. */
  readonly sent_at: string;
}

export type DestinationKind = "dm" | "topic" | "queue";
/**
 * How a body is sealed. `none`: not at all. `hpke-v1`: to the x25519 key of the one recipient of a dm. `epoch-v1`: under the
 * key of an epoch of a topic or queue. What is sealed differs from what was written: security.md "Sealing".
 */
export type Algorithm = "none" | "hpke-v1" | "epoch-v1";
/** Bytes that sealing adds, which no sealed body has fewer of. */
export const sealOverheadBytes: Readonly<Record<Algorithm, number>> = { none: 0, "hpke-v1": 48, "epoch-v1": 40 };
/** What is sealed: a version, the length of what it says of files, and that, before the body itself (daemon/sealing/content.ts). */
export const contentOverheadBytes = 5;
/** Bytes that a body may have, where a mesh takes so many of a sealed one. */
export function bodyBytesMax(inlineBytes: number): number {
  return inlineBytes - contentOverheadBytes - Math.max(...Object.values(sealOverheadBytes));
}

export type Priority = "now" | "next" | "low";
export const priorities: readonly Priority[] = ["now", "next", "low"];
export const defaultPriority: Priority = "next";
export const defaultTextType = "text/plain; charset=utf-8";
export const defaultBytesType = "application/octet-stream";
