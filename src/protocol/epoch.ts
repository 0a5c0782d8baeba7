import type { KeyObject } from "node:crypto";
import { isName } from "./address.ts";
import { isBase64Url, isSignature } from "./envelope-check.ts";
import { ClaudemeshError } from "./error.ts";
import { isMemberId, isUuidV7 } from "./ids.ts";
import { lengthPrefixed } from "./length-prefixed.ts";
import { limits } from "./limits.ts";
import { sign, verify } from "./signing.ts";
import { isRfc3339 } from "./time.ts";

/**
 * What everybody may know of an epoch, which is one key of a topic or queue: its id proves the key to who has it
 * (sealing/wrap.ts), its signature who made it.
 */
export interface EpochRecord {
  readonly mesh_id: string;
  /** `topic:<topic_id>` or `queue:<name>`: a topic that is made anew under the same name is another destination. */
  readonly destination: string;
  /** Of the topic or queue. */
  readonly name: string;
  /** 64 lower-case hex characters, as are the ids, keys and heads below. */
  readonly epoch_id: string;
  /** The epoch that this one follows; null for the first. */
  readonly parent: string | null;
  /** One more than the parent's, 0 for the first. That it is so can be said only by who holds the parent's record. */
  readonly depth: number;
  /** member_id, and the signing key of that member. */
  readonly created_by: string;
  readonly key_id: string;
  /** Hash of the membership chain's head that its maker knew. */
  readonly membership_head: string;
  /** What who comes later gets: this epoch and those before it, or only what is sealed from then on. */
  readonly history: "all" | "joined";
  /** RFC 3339 UTC with milliseconds. */
  readonly at: string;
  /** ed25519, base64url. */
  readonly signature: string;
}

const tag = Buffer.from("claudemesh:epoch-record:v1", "ascii");

/** Bytes of an epoch's key as it is sealed to one member: HPKE's 48 and the key's 32. */
export const wrapBytes = 80;
const wrapChars = Math.ceil((wrapBytes * 4) / 3);

/** An epoch's key for one member. Not signed: the epoch's id proves what is in it. */
export interface EpochWrap {
  readonly epoch_id: string;
  readonly member_id: string;
  /** The member's x25519 key, 64 lower-case hex characters. */
  readonly sealed_to: string;
  /** {@link wrapBytes} in base64url. */
  readonly sealed: string;
}

/**
 * A record from the wire or a file, checked field by field; unknown fields are dropped, since nobody signed them. Throws
 * invalid_field. Whether its signature holds and its maker may make epochs is the caller's to check.
 */
export function checkEpochRecord(value: unknown): EpochRecord {
  if (typeof value !== "object" || value === null) throw invalid("record", "is not an object");
  const fields = value as Record<string, unknown>;
  const name = matching(fields, "name", (text) => isName(text) && text === text.toLowerCase());
  const parent = fields["parent"] === null ? null : matching(fields, "parent", isMemberId);
  const depth = fields["depth"];
  if (typeof depth !== "number" || !Number.isSafeInteger(depth) || depth < 0 || depth > limits.epochDepthMax)
    throw invalid("depth", `must be an integer from 0 to ${limits.epochDepthMax}`);
  if ((depth === 0) !== (parent === null)) throw invalid("depth", "must be 0 exactly where there is no parent");
  const history = fields["history"];
  if (history !== "all" && history !== "joined") throw invalid("history", "must be all or joined");
  return {
    mesh_id: matching(fields, "mesh_id", isUuidV7),
    destination: matching(fields, "destination", (text) => isDestinationOf(text, name)),
    name,
    epoch_id: matching(fields, "epoch_id", isMemberId),
    parent,
    depth,
    created_by: matching(fields, "created_by", isMemberId),
    key_id: matching(fields, "key_id", isMemberId),
    membership_head: matching(fields, "membership_head", isMemberId),
    history,
    at: matching(fields, "at", isRfc3339),
    signature: matching(fields, "signature", isSignature),
  };
}

/** A wrap from the wire, as {@link checkEpochRecord} reads a record. What is in it only its member can tell. */
export function checkEpochWrap(value: unknown): EpochWrap {
  if (typeof value !== "object" || value === null) throw invalid("wrap", "is not an object");
  const fields = value as Record<string, unknown>;
  return {
    epoch_id: matching(fields, "epoch_id", isMemberId),
    member_id: matching(fields, "member_id", isMemberId),
    sealed_to: matching(fields, "sealed_to", isMemberId),
    sealed: matching(fields, "sealed", (text) => text.length === wrapChars && isBase64Url(text)),
  };
}

/** The record with the signature of its maker's key. */
export function signEpochRecord(unsigned: Omit<EpochRecord, "signature">, key: KeyObject): EpochRecord {
  return { ...unsigned, signature: sign(key, epochRecordBytes(unsigned)) };
}

/** Whether the record is as the owner of this key signed it. */
export function epochRecordHolds(record: EpochRecord, publicKey: KeyObject): boolean {
  return verify(publicKey, epochRecordBytes(record), record.signature);
}

function epochRecordBytes(record: Omit<EpochRecord, "signature">): Buffer {
  return lengthPrefixed(tag, [
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

function isDestinationOf(text: string, name: string): boolean {
  return text.startsWith("topic:") ? isUuidV7(text.slice("topic:".length)) : text === `queue:${name}`;
}

function matching(fields: Record<string, unknown>, name: string, test: (value: string) => boolean): string {
  const value = fields[name];
  if (typeof value !== "string" || !test(value)) throw invalid(name, "does not have its form");
  return value;
}

function invalid(field: string, what: string): ClaudemeshError {
  return new ClaudemeshError("invalid_field", `of an epoch, ${field} ${what}`, { details: { field } });
}
