import { hash } from "node:crypto";
import { ClaudemeshError } from "./error.ts";
import type { DestinationKind, Envelope, Priority } from "./envelope.ts";
import { fingerprintV1 } from "./fingerprint-v1.ts";
import { fingerprintV2 } from "./fingerprint-v2.ts";
import { canonicalJson } from "./json-canonical.ts";

/** What a request fingerprint covers (delivery.md §2). Texts are UTF-8; absent optional texts are "". */
export interface FingerprintParts {
  readonly meshId: string;
  readonly kind: DestinationKind | "request";
  readonly ref: string;
  readonly replyTo: string;
  readonly priority: Priority;
  /** Canonical text, "" for none. */
  readonly meta: string;
  /** Sorted and without duplicates. */
  readonly mentions: readonly string[];
  readonly contentType: string;
  /** Raw SHA-256 of the body bytes, 32 bytes. */
  readonly bodyHash: Uint8Array;
}

/** One line a version; the algorithm is the file of that name. */
const versions: Readonly<Record<number, { readonly name: string; compute(parts: FingerprintParts): Buffer }>> = {
  1: { name: "sha256-jcs-v1", compute: fingerprintV1 },
  2: { name: "sha256-jcs-v2", compute: fingerprintV2 },
};

/** Names as feature negotiation lists them, by version. */
export const fingerprintVersions: ReadonlyMap<number, string> = new Map(
  Object.entries(versions).map(([version, { name }]) => [Number(version), name]),
);

/** The one that version 1 of client_message_id_dedupe means by `request_fingerprint`. */
export const requestFingerprintName = "sha256-jcs-v1";

/** 32 bytes. Refuses control_character in any text: fields joined or compared by bytes must stay apart. */
export function wireFingerprint(version: number, parts: FingerprintParts): Buffer {
  const algorithm = versions[version];
  if (algorithm === undefined)
    throw new ClaudemeshError("invalid_envelope", `fingerprint version ${version} is unknown`);
  for (const text of [parts.meshId, parts.ref, parts.replyTo, parts.meta, parts.contentType]) refuseControl(text);
  return algorithm.compute(parts);
}

/** Version 2 over the request as its caller wrote it: kind "request", ref the `to` text. Never leaves the host. */
export function localFingerprint(parts: Omit<FingerprintParts, "kind">): Buffer {
  const mentions = sortedUnique(parts.mentions);
  for (const mention of mentions) refuseControl(mention);
  return wireFingerprint(2, { ...parts, kind: "request", mentions });
}

/** The wire fingerprint of an envelope in the envelope's own version, recomputed from what it says. */
export function envelopeFingerprint(envelope: Envelope, body: Uint8Array, version: number = envelope.version): Buffer {
  return wireFingerprint(version, {
    meshId: envelope.mesh_id,
    kind: envelope.destination_kind,
    ref: envelope.destination_ref,
    replyTo: envelope.reply_to ?? "",
    priority: envelope.priority,
    meta: envelope.meta,
    mentions: envelope.mentions,
    contentType: envelope.content_type,
    bodyHash: bodyHash(body),
  });
}

/** Raw SHA-256 of body bytes. */
export function bodyHash(body: Uint8Array): Buffer {
  return hash("sha256", body, "buffer");
}

/** First 8 bytes in hex: enough to compare by eye, too little to search. */
export function fingerprintPrefix(fingerprint: Uint8Array): string {
  return Buffer.from(fingerprint.buffer, fingerprint.byteOffset, 8).toString("hex");
}

/** JCS of the sorted, de-duplicated array. */
export function canonicalMentions(mentions: readonly string[]): string {
  return mentions.length === 0 ? "[]" : canonicalJson(sortedUnique(mentions));
}

export function sortedUnique(texts: readonly string[]): string[] {
  return texts.length < 2 ? [...texts] : [...new Set(texts)].sort();
}

// U+0000–U+001F, by hand since this runs for every field of every message.
function refuseControl(text: string): void {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) < 0x20) {
      throw new ClaudemeshError("control_character", "a field has a control character (U+0000–U+001F)");
    }
  }
}
