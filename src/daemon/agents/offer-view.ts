import { type OfferView, type SenderPolicy, senderPolicies } from "../../protocol/offers-api.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { inboxItem } from "../inbox/row.ts";
import type { Candidate, OfferRow, PolicyDefaults } from "./offer-queries.ts";

export function offerView(
  candidate: Candidate,
  row: OfferRow | null,
  { memberName, defaults }: { readonly memberName: string; readonly defaults: PolicyDefaults },
): OfferView {
  const { inbox_id, from, to, priority, received_at } = inboxItem(candidate, memberName);
  const was = row !== null && row.offer_id !== "" ? row : null;
  return {
    inbox_id,
    from,
    to,
    priority,
    // A direct message that was read otherwise is read, whatever became of an offer of it.
    state: candidate.topic === null && candidate.read_at !== null ? "read" : (row?.state ?? "waiting"),
    policy: row?.released === 1 ? "auto" : policyOf(candidate, defaults),
    way: was?.way ?? null,
    session: was === null ? null : { kind: was.kind, session_id: was.session_id },
    offers: row?.offers ?? 0,
    offered_at: was === null ? null : rfc3339(was.offered_at),
    lease_until: row?.state === "offered" && row.lease_until !== null ? rfc3339(row.lease_until) : null,
    changed_at: row === null ? received_at : rfc3339(row.changed_at),
    reason: row?.reason ?? null,
  };
}

/** Of a message: what the line on its sender says, else the settings; the stricter one of what nobody has signed. */
export function policyOf(
  { line, verified, via }: Pick<Candidate, "line" | "verified" | "via">,
  defaults: PolicyDefaults,
): SenderPolicy {
  const own = line ?? defaults.policy;
  if (verified === 1 && via === "") return own;
  return senderPolicies.indexOf(defaults.unverified) > senderPolicies.indexOf(own) ? defaults.unverified : own;
}
