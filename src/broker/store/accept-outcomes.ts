import type { DedupeSetting } from "../link/link-parts.ts";
import type { AcceptItem, AcceptOutcome, DedupeRecord, Refusal, VoidRecord } from "./store.ts";

/** What accepting decides and says, the same on every store. */

const dayMs = 86_400_000;

/** An id that has a record or a void claim: neither is ever spoken over by a refusal. */
export function judgeKnown(known: DedupeRecord | VoidRecord, item: AcceptItem): AcceptOutcome {
  if (known.kind === "void") return { kind: "void" };
  const same =
    known.sender === item.envelope.sender && Buffer.compare(known.request_fingerprint, item.fingerprint) === 0;
  return same ? { kind: "duplicate", record: known } : { kind: "mismatch", record: known };
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
  notSubscribed: (name: string) => refused(403, "not_subscribed", `the sender is not subscribed to #${name}`),
} as const;

export function refused(status: number, code: Refusal["code"], message: string): Refusal {
  return { kind: "refused", status, code, message };
}

/** When a record or void claim made now expires; null: never. */
export function recordExpiry({ mode, retentionDays }: DedupeSetting, now: number): number | null {
  return mode === "permanent" ? null : now + retentionDays * dayMs;
}
