import { apiKeySenderPrefix, isApiKeySender } from "./api-key.ts";
import { ClaudemeshError } from "./error.ts";
import { type Algorithm, type DestinationKind, type Envelope, priorities, sealOverheadBytes } from "./envelope.ts";
import { fingerprintVersionMax, fingerprintVersions } from "./fingerprint.ts";
import { isMemberId, isUuidV7, isWireId } from "./ids.ts";
import { limits } from "./limits.ts";
import { parseMeta } from "./meta.ts";
import { isRfc3339 } from "./time.ts";

/**
 * An envelope from the wire, checked field by field; unknown fields are dropped. By hand, since every message passes
 * here on every hop. Throws invalid_envelope, control_character, unsupported_algorithm, or a code of the JSON profile.
 * The body's size and the fingerprint's truth are the caller's to check.
 */
export function checkEnvelope(value: unknown, versions: VersionForm = knownVersions): Envelope {
  return readEnvelope(value, signedForm, versions);
}

/**
 * As {@link checkEnvelope}, for what an API key handed straight to its broker: nobody has signed it, so it replaces no
 * other message and goes to no member alone. Whoever takes one has to know that its destination is open for it.
 */
export function checkUnsignedEnvelope(value: unknown, versions: VersionForm = knownVersions): Envelope {
  const envelope = readEnvelope(value, unsignedForm, versions);
  if (envelope.destination_kind === "dm")
    throw invalid("destination_kind", "must be topic or queue without a signature");
  if (envelope.supersedes !== null) throw invalid("supersedes", "must be null without a signature");
  if (envelope.algorithm !== "none") throw invalid("algorithm", "must be none without a signature");
  return envelope;
}

/** Whether an envelope says that it came by an API key; {@link checkUnsignedEnvelope} is the one that reads it then. */
export function saysUnsigned(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { key_id: keyId } = value as { readonly key_id?: unknown };
  return typeof keyId === "string" && keyId.startsWith(apiKeySenderPrefix);
}

/** Which fingerprint versions an envelope may be of. */
export interface VersionForm {
  holds(version: number): boolean;
  readonly text: string;
}

const knownVersions: VersionForm = {
  holds: (version) => fingerprintVersions.has(version),
  text: `must be one of ${[...fingerprintVersions.keys()].join(", ")}`,
};

/**
 * For who is given what others have agreed on: a sender and its broker may know a later version. What it says is then judged without
 * its fingerprint, which adds nothing for a receiver: the signature and the sealing cover the same by what every version has.
 */
export const anyVersion: VersionForm = {
  holds: (version) => Number.isSafeInteger(version) && version >= 1 && version <= fingerprintVersionMax,
  text: `must be an integer from 1 to ${fingerprintVersionMax}`,
};

/** What says who vouches for an envelope. */
interface ProofForm {
  keyId(value: string): boolean;
  signature(value: string): boolean;
}

const signedForm: ProofForm = { keyId: isMemberId, signature: isSignature };
const unsignedForm: ProofForm = { keyId: isApiKeySender, signature: (value) => value === "" };

function readEnvelope(value: unknown, proof: ProofForm, versions: VersionForm): Envelope {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalid("envelope", "is not an object");
  const fields = value as Record<string, unknown>;
  const version = fields["version"];
  if (typeof version !== "number" || !versions.holds(version)) throw invalid("version", versions.text);
  const kind = fields["destination_kind"];
  if (kind !== "dm" && kind !== "topic" && kind !== "queue")
    throw invalid("destination_kind", "must be dm, topic or queue");
  const priority = priorities.find((known) => known === fields["priority"]);
  if (priority === undefined) throw invalid("priority", "must be now, next or low");
  const algorithm = algorithmFor(fields["algorithm"], kind);
  const meta = text(fields, "meta", limits.metaBytesMax);
  parseMeta(meta);
  return {
    version,
    mesh_id: matching(fields, "mesh_id", isUuidV7),
    sender: matching(fields, "sender", isMemberId),
    key_id: matching(fields, "key_id", proof.keyId),
    client_message_id: matching(fields, "client_message_id", isWireId),
    destination_kind: kind,
    destination_ref: destination(fields, kind),
    reply_to: optional(fields, "reply_to", isUuidV7),
    supersedes: optional(fields, "supersedes", isWireId),
    priority,
    meta,
    mentions: mentions(fields["mentions"]),
    content_type: contentType(fields),
    algorithm,
    sealed_to: sealedTo(fields, algorithm),
    body: sealedBody(fields, algorithm),
    request_fingerprint: matching(fields, "request_fingerprint", isMemberId),
    membership_head: optional(fields, "membership_head", isMemberId),
    signature: matching(fields, "signature", proof.signature),
    sent_at: matching(fields, "sent_at", isRfc3339),
  };
}

/** Decoded body of a checked envelope. */
export function envelopeBody(envelope: Envelope): Buffer {
  return Buffer.from(envelope.body, "base64url");
}

/** Unpadded base64url in its only spelling: unused bits of the last character are zero. */
export function isBase64Url(value: string): boolean {
  if (!base64UrlPattern.test(value) || value.length % 4 === 1) return false;
  const tail = value.length % 4;
  if (tail === 0) return true;
  const last = base64UrlAlphabet.indexOf(value[value.length - 1] ?? "");
  return tail === 2 ? (last & 0b1111) === 0 : (last & 0b11) === 0;
}

/** 64 bytes in base64url. */
export function isSignature(value: string): boolean {
  return value.length === signatureChars && isBase64Url(value);
}

export function isContentType(value: string): boolean {
  return value.length <= limits.contentTypeCharsMax && contentTypePattern.test(value);
}

const base64UrlPattern = /^[A-Za-z0-9_-]*$/;
const base64UrlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const namePattern = /^[a-z0-9][a-z0-9._-]*$/;
const contentTypePattern = /^[\x20-\x7e]+$/;
const signatureChars = 86;

function text(fields: Record<string, unknown>, name: string, charsMax: number): string {
  const value = fields[name];
  if (typeof value !== "string") throw invalid(name, "must be a string");
  if (value.length > charsMax) throw invalid(name, `is longer than ${charsMax} characters`);
  return value;
}

function matching(fields: Record<string, unknown>, name: string, test: (value: string) => boolean): string {
  const value = fields[name];
  if (typeof value !== "string" || !test(value)) throw invalid(name, "does not have its form");
  return value;
}

function optional(fields: Record<string, unknown>, name: string, test: (value: string) => boolean): string | null {
  return fields[name] === null || fields[name] === undefined ? null : matching(fields, name, test);
}

function destination(fields: Record<string, unknown>, kind: DestinationKind): string {
  const ref = text(fields, "destination_ref", 64 + 1 + limits.nameCharsMax);
  const named = (name: string) => name.length <= limits.nameCharsMax && namePattern.test(name);
  if (kind !== "dm") {
    if (!named(ref)) throw invalid("destination_ref", "is not a name");
    return ref;
  }
  const [member = "", agent] = ref.length === 64 ? [ref] : [ref.slice(0, 64), ref.slice(65)];
  if (!isMemberId(member) || (agent !== undefined && (ref[64] !== "/" || !named(agent)))) {
    throw invalid("destination_ref", "is not a member_id with an optional agent");
  }
  return ref;
}

function mentions(value: unknown): string[] {
  if (!Array.isArray(value) || value.length > limits.mentionsMax) {
    throw invalid("mentions", `must be an array of at most ${limits.mentionsMax}`);
  }
  let before = "";
  for (const item of value) {
    if (typeof item !== "string" || !isMemberId(item)) throw invalid("mentions", "must hold member_ids");
    if (item <= before) throw invalid("mentions", "must be sorted and without duplicates");
    before = item;
  }
  return [...value] as string[];
}

function contentType(fields: Record<string, unknown>): string {
  const value = text(fields, "content_type", limits.contentTypeCharsMax);
  if (!isContentType(value)) throw invalid("content_type", "must be visible ASCII");
  return value;
}

/** A known algorithm of a kind that it is for: a dm has one key to seal to, a topic or queue has an epoch. */
function algorithmFor(value: unknown, kind: DestinationKind): Algorithm {
  if (value !== "none" && value !== "hpke-v1" && value !== "epoch-v1")
    throw new ClaudemeshError("unsupported_algorithm", "this mesh does not know the sealing algorithm");
  if (value !== "none" && (value === "hpke-v1") !== (kind === "dm")) throw invalid("algorithm", `is not for a ${kind}`);
  return value;
}

function sealedTo(fields: Record<string, unknown>, algorithm: Algorithm): string | null {
  const value = optional(fields, "sealed_to", isMemberId);
  if ((value === null) !== (algorithm === "none"))
    throw invalid("sealed_to", `does not fit the algorithm ${algorithm}`);
  return value;
}

function sealedBody(fields: Record<string, unknown>, algorithm: Algorithm): string {
  const value = matching(fields, "body", isBase64Url);
  // Exact, since isBase64Url refuses padding.
  if (Math.floor((value.length * 3) / 4) < sealOverheadBytes[algorithm])
    throw invalid("body", `is shorter than ${algorithm} makes it`);
  return value;
}

function invalid(field: string, what: string): ClaudemeshError {
  return new ClaudemeshError("invalid_envelope", `${field} ${what}`, { details: { field } });
}
