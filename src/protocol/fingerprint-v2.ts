import { hash } from "node:crypto";
import { canonicalMentions, type FingerprintVersion } from "./fingerprint-parts.ts";
import { lengthPrefixed } from "./length-prefixed.ts";

const tag = Buffer.from("claudemesh:rf:v2", "ascii");

/** `sha256-jcs-v2` (delivery.md §2, fixed): a tag, then each field as 8-byte big-endian length and bytes. */
export const fingerprintV2: FingerprintVersion = {
  version: 2,
  name: "sha256-jcs-v2",
  compute(parts) {
    const fields = [
      parts.meshId,
      "2",
      parts.kind,
      parts.ref,
      parts.replyTo,
      parts.priority,
      parts.meta,
      canonicalMentions(parts.mentions),
      parts.contentType,
      parts.bodyHash,
    ];
    return hash("sha256", lengthPrefixed(tag, fields), "buffer");
  },
};
