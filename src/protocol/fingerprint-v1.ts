import { hash } from "node:crypto";
import type { FingerprintVersion } from "./fingerprint-parts.ts";

/** `sha256-jcs-v1` (delivery.md §2, fixed): UTF-8 texts joined by one 0x00 byte. Does not cover mesh, mentions, content type. */
export const fingerprintV1: FingerprintVersion = {
  version: 1,
  name: "sha256-jcs-v1",
  compute(parts) {
    const bodyHex = Buffer.from(parts.bodyHash).toString("hex");
    return hash(
      "sha256",
      ["1", parts.kind, parts.ref, parts.replyTo, parts.priority, parts.meta, bodyHex].join("\0"),
      "buffer",
    );
  },
};
