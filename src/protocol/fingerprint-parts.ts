import type { DestinationKind, Priority } from "./envelope.ts";
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

/** One version of the fingerprint: a file of its own, `fingerprint-v<version>.ts`, and a line in fingerprint-versions.ts. */
export interface FingerprintVersion {
  /** In `version` of an envelope and in a dedupe record: a positive integer, at most 32,767. */
  readonly version: number;
  /** In feature negotiation and in a broker's config. */
  readonly name: string;
  /** 32 bytes. No text that it is given has a control character. */
  compute(parts: FingerprintParts): Buffer;
}

/** JCS of the sorted, de-duplicated array. */
export function canonicalMentions(mentions: readonly string[]): string {
  return mentions.length === 0 ? "[]" : canonicalJson(sortedUnique(mentions));
}

export function sortedUnique(texts: readonly string[]): string[] {
  return texts.length < 2 ? [...texts] : [...new Set(texts)].sort();
}
