import type { Clock } from "../../base/clock.ts";
import { pageOf, pageShape, readPage } from "../../http/page.ts";
import { operation, type Route } from "../../http/route.ts";
import { described, inPath, listOf, oneOf, optional, text, truth, whole } from "../../http/shape.ts";
import { checkName } from "../../protocol/address.ts";
import { limits } from "../../protocol/limits.ts";
import { type OffersSettled, senderPolicies, ways } from "../../protocol/offers-api.ts";
import type { Offers } from "../agents/offers.ts";
import type { SessionKey } from "../agents/agents.ts";
import type { Link } from "../parts.ts";
import type { Self } from "../resolve-address.ts";
import { sessionParams } from "./agent-sessions.ts";
import { agentName, agentParam } from "./agents.ts";
import {
  messageReleased,
  offer,
  offersSettled,
  senderPolicy,
  senderPolicyLines,
  taken,
} from "./answers/offers.schema.ts";
import { noSuchMessage, sender } from "./inbox.ts";

export interface OfferParts {
  readonly offers: Offers;
  readonly link: Link;
  readonly self: Self;
  readonly clock: Clock;
}

const offerIds = described(
  listOf(text({ charsMax: limits.offerIdCharsMax }), limits.offersOfTakeMax),
  "Of an earlier take of this session",
);
const settled = [
  { status: 200, description: "What is changed now, and what was not this session's any more", body: offersSettled },
] as const;

/** Messages put before the sessions of agents. */
export function offerRoutes(parts: OfferParts): readonly Route[] {
  return [takeRoute(parts.offers), ...settleRoutes(parts.offers), ...offersOfAgents(parts), ...policyRoutes(parts)];
}

function takeRoute(offers: Offers): Route {
  return operation({
    name: "offersTake",
    method: "POST",
    path: "/v1/agents/sessions/{kind}/{session_id}/take",
    summary: "Take what waits for the session's agent: nobody else is offered it until the lease ends",
    params: sessionParams,
    body: {
      way: described(oneOf(...ways), "How it is put in"),
      chars_max: described(whole(limits.frameCharsMin, limits.offerCharsMax), "Characters that the text may have"),
      include_low: described(optional(truth()), "Also messages of low priority, which wake nobody", { default: false }),
      limit: described(optional(whole(1, limits.offersOfTakeMax)), "Messages at most", {
        default: limits.offersOfTakeMax,
      }),
      prompt: described(
        optional(text({ charsMax: limits.takePromptCharsMax })),
        "What the session's user has just put in: messages of ours that it shows have arrived",
      ),
    },
    answers: [{ status: 200, description: "What the session has now, under a lease of 30 s", body: taken }],
    errors: ["unknown_agent", "store_unavailable"],
    handle: async ({ params, body }) => ({ status: 200, body: await offers.take(keyOf(params), body) }),
  });
}

function settleRoutes(offers: Offers): readonly Route[] {
  const route = (
    name: string,
    part: string,
    summary: string,
    settle: (session: SessionKey, offerIds: readonly string[]) => Promise<OffersSettled>,
  ): Route =>
    operation({
      name,
      method: "POST",
      path: `/v1/agents/sessions/{kind}/{session_id}/${part}`,
      summary,
      params: sessionParams,
      body: { offer_ids: offerIds },
      answers: settled,
      errors: ["unknown_agent", "store_unavailable"],
      handle: async ({ params, body }) => ({ status: 200, body: await settle(keyOf(params), body.offer_ids) }),
    });
  return [
    operation({
      name: "offersConfirm",
      method: "POST",
      path: "/v1/agents/sessions/{kind}/{session_id}/confirm",
      summary: "The messages are in the session; their senders are told",
      params: sessionParams,
      body: {
        offer_ids: offerIds,
        read: described(optional(truth()), "The agent has asked for them itself, or has finished with them", {
          default: false,
        }),
      },
      answers: settled,
      errors: ["unknown_agent", "store_unavailable"],
      handle: async ({ params, body: { offer_ids, read = false } }) => ({
        status: 200,
        body: await offers.confirm(keyOf(params), offer_ids, { read }),
      }),
    }),
    operation({
      name: "offersRelease",
      method: "POST",
      path: "/v1/agents/sessions/{kind}/{session_id}/release",
      summary: "The messages did not get in: they wait again",
      params: sessionParams,
      body: {
        offer_ids: offerIds,
        reason: optional(
          text({
            charsMax: limits.offerReasonCharsMax,
            form: { pattern: /^[^\p{Cc}\p{Cs}]*$/u, said: "must not hold control characters" },
          }),
        ),
        unseen: described(
          optional(truth()),
          "Nothing of them was put in, for certain: the next offer does not count as a repeat",
          { default: false },
        ),
        delay_s: described(
          optional(whole(0, limits.offerDelayMsMax / 1_000)),
          "Seconds for which they are offered to nobody",
        ),
      },
      answers: settled,
      errors: ["unknown_agent", "store_unavailable"],
      handle: async ({ params, body: { offer_ids, reason, delay_s = 0, unseen = false } }) => ({
        status: 200,
        body: await offers.giveBack(keyOf(params), offer_ids, {
          reason: reason ?? "the session gave it back",
          delayMs: delay_s * 1_000,
          unseen,
        }),
      }),
    }),
    route("offersExtend", "extend", "The lease of the messages begins anew", (session, ids) =>
      offers.extend(session, ids),
    ),
  ];
}

function offersOfAgents({ offers }: OfferParts): readonly Route[] {
  return [
    operation({
      name: "offerList",
      method: "GET",
      path: "/v1/agents/{name}/offers",
      summary: "Messages for an agent, the newest first: what waits, and what came of what was offered",
      params: { name: agentParam },
      query: { ...pageShape, open: described(optional(truth()), "Without what the agent has read") },
      answers: [{ status: 200, description: "One page", body: pageOf(offer) }],
      errors: ["invalid_destination", "unknown_agent"],
      handle: ({ params, query }) => ({
        status: 200,
        body: offers.ofAgent(agentName(params.name), { open: query.open ?? false, ...readPage(query) }),
      }),
    }),
    operation({
      name: "inboxRelease",
      method: "POST",
      path: "/v1/inbox/{id}/release",
      summary: "Let a message go into sessions, whatever the policy for its sender or a session's user said",
      params: { id: inPath(described(whole(1, Number.MAX_SAFE_INTEGER), "inbox_id"), noSuchMessage) },
      body: { agent: described(optional(text()), "Only to this agent") },
      bodyOptional: true,
      answers: [{ status: 200, description: "Where it may go now", body: messageReleased }],
      errors: ["invalid_destination", "unknown_agent", "store_unavailable"],
      async handle({ params: { id }, body: { agent } }) {
        const done = await offers.releaseMessage(id, agent === undefined ? null : agentName(agent));
        if (done === null) throw noSuchMessage();
        return { status: 200, body: { inbox_id: id, released: done.released } };
      },
    }),
  ];
}

function policyRoutes({ offers, link, self, clock }: OfferParts): readonly Route[] {
  const params = { sender: described(text(), "`@name`, `name` or a member_id") };
  const agent = described(optional(text()), "For this agent; by default for every one without a line of its own");
  const errors = [
    "invalid_destination",
    "unknown_destination",
    "directory_unavailable",
    "unknown_agent",
    "store_unavailable",
  ] as const;
  return [
    operation({
      name: "senderPolicyList",
      method: "GET",
      path: "/v1/sender-policies",
      summary: "What single senders' messages may do to live sessions",
      answers: [{ status: 200, description: "All lines that hold", body: senderPolicyLines }],
      handle: () => ({ status: 200, body: offers.policies() }),
    }),
    operation({
      name: "senderPolicyPut",
      method: "PUT",
      path: "/v1/sender-policies/{sender}",
      summary: "Say what a sender's messages may do to live sessions; nothing is ever deleted by it",
      params,
      body: {
        policy: described(
          oneOf(...senderPolicies),
          "auto: they are put in; ask: only a notice; mute: only when the agent asks for its mail; hold: not before they are released; block: no agent sees them",
        ),
        agent,
        for_s: described(
          optional(whole(1, limits.senderPolicyMsMax / 1_000)),
          "Seconds that it holds; by default for good",
        ),
      },
      answers: [{ status: 200, description: "The line as it holds now", body: senderPolicy }],
      errors,
      handle: async ({ params: { sender: written }, body: { policy, agent: name, for_s } }) => ({
        status: 200,
        body: await offers.setPolicy({
          sender: sender(written, link, self),
          agent: name === undefined ? null : checkName(name, "agent"),
          policy,
          until: for_s === undefined ? null : clock.now() + for_s * 1_000,
        }),
      }),
    }),
    operation({
      name: "senderPolicyDrop",
      method: "DELETE",
      path: "/v1/sender-policies/{sender}",
      summary: "Take the line on a sender back: the settings hold again",
      params,
      query: { agent },
      answers: [{ status: 200, description: "All lines that hold", body: senderPolicyLines }],
      errors,
      async handle({ params: { sender: written }, query: { agent: name } }) {
        await offers.dropPolicy(sender(written, link, self), name === undefined ? null : checkName(name, "agent"));
        return { status: 200, body: offers.policies() };
      },
    }),
  ];
}

function keyOf(params: { readonly kind: string; readonly session_id: string }): SessionKey {
  return { kind: params.kind, sessionId: params.session_id };
}
