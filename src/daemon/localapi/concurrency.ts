import { operation, type Route } from "../../http/route.ts";
import { described, oneOf } from "../../http/shape.ts";
import { answerOf, view } from "../../http/view.ts";
import { concurrencyPolicies, type ConcurrencyPolicy } from "../../protocol/concurrency.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isRecord } from "../../protocol/feature-schemas.ts";
import type { ConcurrencyView } from "../../protocol/membership-api.ts";
import type { Link } from "../parts.ts";
import { askBroker, brokerErrors } from "./ask-broker.ts";

const policy = described(
  oneOf(...concurrencyPolicies),
  "prefer_newest: the newer takes the link over; prefer_oldest: the newer is refused; allow_concurrent: one receives, the others only send",
);
const concurrency = answerOf<ConcurrencyView>("Concurrency")(view({ policy }));

/** What the mesh does when two daemons use one member's keys. The broker keeps it and goes by it. */
export function concurrencyRoutes({ link }: { readonly link: Link }): readonly Route[] {
  const ask = async (asked: ConcurrencyPolicy | null) => {
    const result = await askBroker(link, { type: "concurrency", policy: asked });
    const body: ConcurrencyView = { policy: policyIn(result) };
    return { status: 200, body };
  };
  return [
    operation({
      name: "concurrency",
      method: "GET",
      path: "/v1/concurrency",
      summary: "What this mesh does when two daemons use one member's keys",
      answers: [{ status: 200, description: "The policy in force", body: concurrency }],
      errors: brokerErrors,
      handle: () => ask(null),
    }),
    operation({
      name: "setConcurrency",
      method: "POST",
      path: "/v1/concurrency",
      summary:
        "Owners and admins: change that; a member with more than one link loses all of them, and each daemon dials again",
      body: { policy },
      answers: [{ status: 200, description: "The policy in force", body: concurrency }],
      errors: ["not_allowed", ...brokerErrors],
      handle: ({ body }) => ask(body.policy),
    }),
  ];
}

/** The broker's word. Throws protocol_error. */
function policyIn(result: unknown): ConcurrencyPolicy {
  const told = isRecord(result) ? result["policy"] : undefined;
  const known = concurrencyPolicies.find((one) => one === told);
  if (known !== undefined) return known;
  throw new ClaudemeshError("protocol_error", "the broker's answer about its concurrency policy cannot be read", {
    hint: "claudemesh logs --level warn",
  });
}
