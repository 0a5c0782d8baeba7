import { envelopeBody } from "../../protocol/envelope-check.ts";
import { envelopeFingerprint, fingerprintVersions } from "../../protocol/fingerprint.ts";
import type { DedupeSetting } from "../link/link-parts.ts";
import type { AcceptItem, AcceptOutcome, DedupeRecord, Refusal, VoidRecord } from "./store.ts";

/** What accepting decides and says, the same on every store. */

const dayMs = 86_400_000;

/**
 * An id that has a record or a void claim: neither is ever spoken over by a refusal. A record is compared under its own
 * version of the fingerprint, so that a retry of the same bytes finds it also when its daemon or this broker has been
 * upgraded, or put back, since it was written.
 */
export function judgeKnown(
  known: DedupeRecord | VoidRecord,
  item: Pick<AcceptItem, "envelope" | "fingerprint">,
): AcceptOutcome {
  if (known.kind === "void") return { kind: "void" };
  if (known.sender !== item.envelope.sender) return { kind: "mismatch", record: known };
  // Written by a broker newer than this one, which alone can tell. Neither answer may be guessed: the sender asks again.
  if (!fingerprintVersions.has(known.fingerprint_version)) return refusals.recordNewer(known.fingerprint_version);
  const fingerprint =
    known.fingerprint_version === item.envelope.version
      ? item.fingerprint
      : envelopeFingerprint(item.envelope, envelopeBody(item.envelope), known.fingerprint_version);
  return {
    kind: Buffer.compare(known.request_fingerprint, fingerprint) === 0 ? "duplicate" : "mismatch",
    record: known,
  };
}

export const refusals = {
  noMesh: () => refused(404, "not_found", "there is no such mesh"),
  senderNoMember: () => refused(403, "not_a_member", "the sender is not a member of this mesh"),
  newerLink: () => refused(503, "behind", "a newer link of this member is open"),
  noMember: () => refused(404, "unknown_destination", "no such member in this mesh"),
  noTopic: (name: string) => refused(404, "unknown_destination", `no topic "${name}" in this mesh`),
  noQueue: (name: string) => refused(404, "unknown_destination", `no queue "${name}" in this mesh`),
  unsealedDm: () => refused(400, "unsealed_body", "a direct message is never taken unsealed"),
  unsealed: (address: string) => refused(400, "unsealed_body", `${address} is not open for unsealed messages`),
  recordNewer: (version: number) =>
    refused(
      503,
      "store_unavailable",
      `the id's record is of fingerprint version ${version}, which a newer broker wrote and this one does not know`,
    ),
  notSubscribed: (name: string) => refused(403, "not_subscribed", `the sender is not subscribed to #${name}`),
} as const;

export function refused(status: number, code: Refusal["code"], message: string): Refusal {
  return { kind: "refused", status, code, message };
}

/** When a record or void claim made now expires; null: never. */
export function recordExpiry({ mode, retentionDays }: DedupeSetting, now: number): number | null {
  return mode === "permanent" ? null : now + retentionDays * dayMs;
}
