import { hash } from "node:crypto";
import { ClaudemeshError } from "./error.ts";
import type { Envelope } from "./envelope.ts";
import { type FingerprintParts, type FingerprintVersion, sortedUnique } from "./fingerprint-parts.ts";
import * as lines from "./fingerprint-versions.ts";

const versions: readonly FingerprintVersion[] = Object.values(lines).sort((a, b) => a.version - b.version);
const byVersion: ReadonlyMap<number, FingerprintVersion> = new Map(versions.map((one) => [one.version, one]));
// Two lines that claim the same would compare records of one by the other.
if (byVersion.size < versions.length || new Set(versions.map(({ name }) => name)).size < versions.length)
  throw new TypeError("two fingerprint versions have the same number or name");

/** Names as feature negotiation lists them, by version, lowest first. */
export const fingerprintVersions: ReadonlyMap<number, string> = new Map(
  versions.map(({ version, name }) => [version, name]),
);

/** As a store keeps it. */
export const fingerprintVersionMax = 32_767;

/** "" for a version that is unknown. */
export function fingerprintName(version: number): string {
  return fingerprintVersions.get(version) ?? "";
}

/** The one that version 1 of client_message_id_dedupe means by `request_fingerprint`, which names none. */
export const requestFingerprintVersion = 1;
export const requestFingerprintName = "sha256-jcs-v1";
/** Of what callers of a daemon ask for: nobody negotiates it, since it never leaves the host. */
export const localFingerprintVersion = 2;
/** What a sender signs of an envelope holds the fingerprint in this version, whatever its own is (security.md "Sealing"). */
export const signedFingerprintVersion = 2;

/** The highest known version among the names that a broker lists; null: it lists none that is known here. */
export function highestFingerprint(names: readonly unknown[]): number | null {
  return versions.findLast(({ name }) => names.includes(name))?.version ?? null;
}

/**
 * The version that a broker wants new messages sealed under: the highest known of those that it offers, whatever their order; null: none is.
 * One that stands behind others may be there only because this daemon said that it holds rows under it.
 */
export function wantedFingerprint(names: readonly unknown[], held: readonly string[] = []): number | null {
  const first = names.findIndex((name) => highestFingerprint([name]) !== null);
  return highestFingerprint(names.filter((name, at) => at === first || !held.some((one) => one === name)));
}

/**
 * 32 bytes. Refuses control_character and lone_surrogate in any text: fields joined or compared by bytes must stay apart,
 * and a lone surrogate has no bytes.
 */
export function wireFingerprint(version: number, parts: FingerprintParts): Buffer {
  const algorithm = byVersion.get(version);
  if (algorithm === undefined)
    throw new ClaudemeshError("invalid_envelope", `fingerprint version ${version} is unknown`);
  for (const text of [parts.meshId, parts.ref, parts.replyTo, parts.meta, parts.contentType]) check(text);
  for (const mention of parts.mentions) check(mention);
  return algorithm.compute(parts);
}

/**
 * Over the request as its caller wrote it: kind "request", ref the `to` text. Never leaves the host. Another version than
 * the present one only to compare with a row that was written in it.
 */
export function localFingerprint(
  parts: Omit<FingerprintParts, "kind">,
  version: number = localFingerprintVersion,
): Buffer {
  return wireFingerprint(version, { ...parts, kind: "request", mentions: sortedUnique(parts.mentions) });
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

// U+0000–U+001F, by hand since this runs for every field of every message.
function check(text: string): void {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) < 0x20) {
      throw new ClaudemeshError("control_character", "a field has a control character (U+0000–U+001F)");
    }
  }
  if (!text.isWellFormed()) throw new ClaudemeshError("lone_surrogate", "a field has a lone surrogate");
}
