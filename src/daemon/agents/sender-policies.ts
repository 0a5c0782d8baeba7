import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import type { SenderPolicy, SenderPolicyView } from "../../protocol/offers-api.ts";
import { rfc3339 } from "../../protocol/time.ts";
import type { PolicyRow } from "./offer-queries.ts";
import { changeOffer, type OfferNews } from "./offer-row.ts";

export interface PolicyChange {
  readonly sender: string;
  /** null: for every agent that has no line of its own on that sender. */
  readonly agent: string | null;
  readonly policy: SenderPolicy;
  /** When the line ends; null: never. */
  readonly until: number | null;
}

/** Of a sender a message's text may go in now which was only told of: it waits again, as a repeat. */
export function setPolicy(news: OfferNews, { sender, agent, policy, until }: PolicyChange): PolicyRow {
  const { queries, now } = news;
  const known = queries.senderPolicy(agent ?? "", sender);
  if (known === null && queries.senderPolicyCount(now) >= limits.senderPoliciesMax)
    throw new ClaudemeshError("invalid_field", `${limits.senderPoliciesMax} senders have a policy already`, {
      hint: "claudemesh agent policy lists them",
    });
  queries.forgetSenderPolicies(now);
  const row = { agent: agent ?? "", sender, policy, until, set_at: now };
  queries.putSenderPolicy(row);
  if (policy === "auto")
    for (const offer of queries.notifiedOf(sender, agent ?? ""))
      changeOffer(news, offer, { kind: "released" }, { released: 1 });
  news.waits = true;
  return row;
}

export function policyView(row: PolicyRow, nameOf: (memberId: string) => string | null): SenderPolicyView {
  return {
    sender: { member_id: row.sender, name: nameOf(row.sender) },
    agent: row.agent === "" ? null : row.agent,
    policy: row.policy,
    until: row.until === null ? null : rfc3339(row.until),
    set_at: rfc3339(row.set_at),
  };
}
