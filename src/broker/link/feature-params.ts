import { answerFeatures } from "../../protocol/features.ts";
import { requestFingerprintName } from "../../protocol/fingerprint.ts";
import { limits } from "../../protocol/limits.ts";
import type { HelloAckFrame, HelloFrame } from "../../protocol/frames.ts";
import type { LinkParts } from "./link-parts.ts";

/** This broker's answer to what a daemon asks for, with its own parameters (wire.md §2). */
export function featureAnswer(
  asked: HelloFrame["features"],
  parts: Pick<LinkParts, "dedupe" | "limits" | "fingerprints">,
): HelloAckFrame["features"] {
  const { mode, retentionDays } = parts.dedupe;
  const window = mode === "permanent" ? { mode } : { mode, dedupe_retention_days: retentionDays };
  const fingerprints = parts.fingerprints.offered();
  return answerFeatures(asked, {
    client_message_id_dedupe: {
      ...(fingerprints.includes(requestFingerprintName) ? { 1: { ...window, request_fingerprint: true } } : {}),
      2: { ...window, fingerprint_versions: fingerprints },
    },
    concurrent_connection_policy: { 1: { default_policy: "prefer_newest" } },
    key_epoch: { 1: { max_concurrent_epochs: limits.epochSiblingsMax } },
    max_payload: { 1: { inline_bytes: parts.limits.inlineBytes, blob_bytes: parts.limits.fileBytesMax } },
  });
}
