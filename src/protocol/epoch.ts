import type { KeyObject } from "node:crypto";
import { ClaudemeshError } from "./error.ts";
import { isRecord } from "./feature-schemas.ts";
import { isMemberId, isUuidV7 } from "./ids.ts";
import { isBase64Url, isSignature } from "./envelope-check.ts";
import { lengthPrefixed } from "./length-prefixed.ts";
import { limits } from "./limits.ts";
import { signatureHolds } from "./membership/entry.ts";
import { sign } from "./signing.ts";
import { isRfc3339 } from "./time.ts";

/**
 * A key of a topic or queue, as everybody may see it: who made it, under which membership, after which other. The key
 * itself is sealed to each member by an {@link EpochWrap}; `epoch_id` is a hash over it (docs/security.md).
 */
export interface EpochRecord {
  readonly mesh_id: string;
  /** `topic:<topic_id>` or `queue:<name>`. */
  readonly destination: string;
  /** Of the topic or queue. */
  readonly name: string;
  /** 64 hex characters. */
  readonly epoch_id: string;
  /** epoch_id of the one that it follows; null: the destination had none. */
  readonly parent: string | null;
  /** 0 without a parent, else one more than it. */
  readonly depth: number;
  /** member_id. */
  readonly created_by: string;
  /** Signing key in use of it. */
  readonly key_id: string;
  /** Hash of the membership chain's head that its maker knew. */
  readonly membership_head: string;
  /** Whether who comes later gets the keys of earlier epochs. */
  readonly history: "all" | "joined";
  readonly at: string;
  readonly signature: string;
}

/** An epoch's key for one member. Nobody signs it: the epoch_id proves the key, the record's signature where it came from. */
export interface EpochWrap {
  readonly epoch_id: string;
  readonly member_id: string;
  /** The member's x25519 key, 64 hex characters. */
  readonly sealed_to: string;
  /** base64url. */
  readonly sealed: string;
}

/** Bytes of a key that is sealed to one member: HPKE's 48 and the key's 32. */
export const wrapBytes = 80;
const sealedKeyChars = Math.ceil((wrapBytes * 4) / 3);

export function signEpochRecord(record: Omit<EpochRecord, "signature">, key: KeyObject): EpochRecord {
  return { ...record, signature: sign(key, epochRecordBytes(record)) };
}

/** Whether `key_id` signed it; that this key was its maker's is for the membership chain to say. */
export function epochRecordHolds(record: EpochRecord): boolean {
  return signatureHolds(record.key_id, epochRecordBytes(record), record.signature);
}

function epochRecordBytes(record: Omit<EpochRecord, "signature">): Buffer {
  return lengthPrefixed(Buffer.from("claudemesh:epoch-record:v1", "ascii"), [
    record.mesh_id,
    record.destination,
    record.name,
    record.epoch_id,
    record.parent ?? "",
    String(record.depth),
    record.created_by,
    record.key_id,
    record.membership_head,
    record.history,
    record.at,
  ]);
}

/** A record from outside, field by field. Throws invalid_field. */
export function readEpochRecord(value: unknown): EpochRecord {
  const fields = isRecord(value) ? value : {};
  const { destination, name, parent, depth } = fields;
  const holds =
    isText(fields["mesh_id"], isUuidV7) &&
    isText(name, isName) &&
    isText(destination, (text) => text === `queue:${String(name)}` || isTopicKey(text)) &&
    ["epoch_id", "created_by", "key_id", "membership_head"].every((field) => isText(fields[field], isMemberId)) &&
    (parent === null || isText(parent, isMemberId)) &&
    Number.isSafeInteger(depth) &&
    Number(depth) >= 0 &&
    Number(depth) < limits.epochsMax &&
    (parent === null) === (depth === 0) &&
    (fields["history"] === "all" || fields["history"] === "joined") &&
    isText(fields["at"], isRfc3339) &&
    isText(fields["signature"], isSignature);
  if (!holds) throw new ClaudemeshError("invalid_field", "the epoch's record does not have its form");
  const { mesh_id, epoch_id, created_by, key_id, membership_head, history, at, signature } = fields;
  return {
    mesh_id,
    destination,
    name,
    epoch_id,
    parent,
    depth,
    created_by,
    key_id,
    membership_head,
    history,
    at,
    signature,
  } as EpochRecord;
}

/** As {@link readEpochRecord}. */
export function readEpochWrap(value: unknown): EpochWrap {
  const fields = isRecord(value) ? value : {};
  const { epoch_id, member_id, sealed_to, sealed } = fields;
  const holds =
    isText(epoch_id, isMemberId) &&
    isText(member_id, isMemberId) &&
    isText(sealed_to, isMemberId) &&
    isText(sealed, (text) => text.length === sealedKeyChars && isBase64Url(text));
  if (!holds) throw new ClaudemeshError("invalid_field", "the wrap of an epoch's key does not have its form");
  return { epoch_id, member_id, sealed_to, sealed } as EpochWrap;
}

const topicPrefix = "topic:";

function isTopicKey(text: string): boolean {
  return text.startsWith(topicPrefix) && isUuidV7(text.slice(topicPrefix.length));
}

function isName(text: string): boolean {
  return text.length <= limits.nameCharsMax && /^[a-z0-9][a-z0-9._-]*$/.test(text);
}

function isText(value: unknown, test: (text: string) => boolean): value is string {
  return typeof value === "string" && test(value);
}
