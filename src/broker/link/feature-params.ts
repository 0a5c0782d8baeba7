import { type ConcurrencyPolicy, defaultConcurrencyPolicy } from "../../protocol/concurrency.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { announcementProblem } from "../../protocol/feature-schemas.ts";
import { answerFeatures } from "../../protocol/features.ts";
import { requestFingerprintName } from "../../protocol/fingerprint.ts";
import { limits } from "../../protocol/limits.ts";
import type { HelloAckFrame, HelloFrame } from "../../protocol/frames.ts";
import type { LinkParts } from "./link-parts.ts";

type FeatureParts = Pick<LinkParts, "dedupe" | "limits" | "fingerprints" | "features">;
type Announced = Readonly<Record<string, Readonly<Record<number, Readonly<Record<string, unknown>>>>>>;

/** This broker's answer to what a daemon asks for, with its own parameters (wire.md §2). */
export async function featureAnswer(
  asked: HelloFrame["features"],
  parts: FeatureParts,
  policy: ConcurrencyPolicy,
): Promise<HelloAckFrame["features"]> {
  const held = heldBy(asked);
  if (!held.every((name) => parts.fingerprints.accepts(name))) await parts.fingerprints.refresh();
  return answerFeatures(asked, announced(parts, held, policy));
}

/** Throws invalid_config for a parameter that the shared schema refuses: no daemon could take it. */
export function checkFeatureParams(parts: FeatureParts): void {
  for (const [name, versions] of Object.entries(announced(parts, [], defaultConcurrencyPolicy)))
    for (const [version, params] of Object.entries(versions)) {
      const problem = announcementProblem(name, Number(version), params);
      if (problem !== null)
        throw new ClaudemeshError("invalid_config", `This broker would announce what no daemon takes: ${problem}.`, {
          hint: "claudemesh config --broker",
        });
    }
}

/** By feature and version, of those that this broker is to know. */
function announced(parts: FeatureParts, held: readonly string[], policy: ConcurrencyPolicy): Announced {
  const { mode, retentionDays } = parts.dedupe;
  const window = mode === "permanent" ? { mode } : { mode, dedupe_retention_days: retentionDays };
  const offered = parts.fingerprints.offered();
  // Under what stands behind the offered ones nothing new is sealed: it is for envelopes that were on the wire already.
  const taken = held.filter((name) => !offered.includes(name) && parts.fingerprints.accepts(name));
  const all: Announced = {
    client_message_id_dedupe: {
      ...(offered.includes(requestFingerprintName) ? { 1: { ...window, request_fingerprint: true } } : {}),
      2: { ...window, fingerprint_versions: [...offered, ...new Set(taken)] },
    },
    concurrent_connection_policy: { 1: { default_policy: policy } },
    member_keypair_rotated_event: { 1: {} },
    key_epoch: { 1: { max_concurrent_epochs: limits.epochSiblingsMax } },
    max_payload: { 1: { inline_bytes: parts.limits.inlineBytes, blob_bytes: parts.limits.fileBytesMax } },
  };
  return Object.fromEntries(
    Object.entries(all).map(([name, versions]) => [
      name,
      Object.fromEntries(
        Object.entries(versions).filter(([version]) => parts.features[name]?.includes(Number(version))),
      ),
    ]),
  );
}

function heldBy({ require, optional }: HelloFrame["features"]): readonly string[] {
  return (require["client_message_id_dedupe"] ?? optional["client_message_id_dedupe"])?.holds ?? [];
}
