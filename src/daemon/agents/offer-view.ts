import type { OfferView } from "../../protocol/offers-api.ts";
import { effectivePolicy } from "../../protocol/sender-policy.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { inboxItem } from "../inbox/row.ts";
import type { Candidate, OfferRow, PolicyDefaults } from "./offer-queries.ts";

export function offerView(
  candidate: Candidate,
  row: OfferRow | null,
  { memberName, defaults }: { readonly memberName: string; readonly defaults: PolicyDefaults },
): OfferView {
  const { inbox_id, from, to, priority, received_at, verified, via } = inboxItem(candidate, memberName);
  const was = row !== null && row.offer_id !== "" ? row : null;
  return {
    inbox_id,
    from,
    to,
    priority,
    state: row?.state ?? "waiting",
    policy: row?.released === 1 ? "auto" : effectivePolicy({ verified, via }, candidate.line, defaults),
    way: was?.way ?? null,
    session: was === null ? null : { kind: was.kind, session_id: was.session_id },
    offers: row?.offers ?? 0,
    offered_at: was === null ? null : rfc3339(was.offered_at),
    lease_until: row?.state === "offered" && row.lease_until !== null ? rfc3339(row.lease_until) : null,
    changed_at: row === null ? received_at : rfc3339(row.changed_at),
    reason: row?.reason ?? null,
  };
}
