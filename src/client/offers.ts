import type {
  MessageReleased,
  OffersSettled,
  OfferView,
  SenderPolicies,
  SenderPolicy,
  SenderPolicyView,
  Taken,
  TakeRequest,
} from "../protocol/offers-api.ts";
import { call, callPage, segment } from "./call.ts";
import type { CallOptions } from "./deadline.ts";
import type { HttpClient } from "./http/http-client.ts";
import { type Paged, paged } from "./paged.ts";

/** Messages put before the sessions of agents, each under a lease until whoever put it in confirms. */
export interface OfferCalls {
  /** Not repeated by itself: what a lost answer held waits again when its lease ends. Throws unknown_agent for a session that is not there. */
  take(kind: string, sessionId: string, request: TakeRequest, options?: CallOptions): Promise<Taken>;
  /** They are in the session; `read`: the agent has asked for them itself, or has finished with them. */
  confirm(
    kind: string,
    sessionId: string,
    offerIds: readonly string[],
    choice?: { readonly read?: boolean },
    options?: CallOptions,
  ): Promise<OffersSettled>;
  /** They did not get in, and wait again; `unseen`: nothing of them was put in for certain, so the next offer is no repeat. */
  giveBack(
    kind: string,
    sessionId: string,
    offerIds: readonly string[],
    choice?: { readonly reason?: string; readonly delay_s?: number; readonly unseen?: boolean },
    options?: CallOptions,
  ): Promise<OffersSettled>;
  /** Their lease begins anew. */
  extend(kind: string, sessionId: string, offerIds: readonly string[], options?: CallOptions): Promise<OffersSettled>;
  /** For an agent, the newest first; `open`: without what it has read. */
  offers(name: string, page?: OfferFilter, options?: CallOptions): Paged<OfferView>;
  /** A message may go into sessions, whatever the policy for its sender. */
  releaseMessage(
    inboxId: number,
    choice?: { readonly agent?: string },
    options?: CallOptions,
  ): Promise<MessageReleased>;
  /** What single senders' messages may do to live sessions. */
  policies(options?: CallOptions): Promise<SenderPolicies>;
  setPolicy(
    sender: string,
    policy: SenderPolicy,
    choice?: { readonly agent?: string; readonly for_s?: number },
    options?: CallOptions,
  ): Promise<SenderPolicyView>;
  /** The settings hold again. */
  dropPolicy(sender: string, choice?: { readonly agent?: string }, options?: CallOptions): Promise<SenderPolicies>;
}

export interface OfferFilter {
  readonly limit?: number;
  readonly cursor?: string;
  readonly open?: boolean;
}

export function offerCalls(http: HttpClient): OfferCalls {
  const session = (kind: string, id: string, part: string): string =>
    `/v1/agents/sessions/${segment(kind)}/${segment(id)}/${part}`;
  // Said twice, each of these is as true as said once.
  const post = <T>(path: string, body: unknown, options?: CallOptions): Promise<T> =>
    call<T>(http, { method: "POST", path, body, repeatable: true }, options);
  const policy = (sender: string): string => `/v1/sender-policies/${segment(sender)}`;
  return {
    take: (kind, id, request, options) =>
      call(http, { method: "POST", path: session(kind, id, "take"), body: request, repeatable: false }, options),
    confirm: (kind, id, offer_ids, choice, options) =>
      post(session(kind, id, "confirm"), { offer_ids, ...choice }, options),
    giveBack: (kind, id, offer_ids, choice, options) =>
      post(session(kind, id, "release"), { offer_ids, ...choice }, options),
    extend: (kind, id, offer_ids, options) => post(session(kind, id, "extend"), { offer_ids }, options),
    offers: (name, page, options) =>
      paged((next) =>
        callPage<OfferView>(
          http,
          {
            method: "GET",
            path: `/v1/agents/${segment(name)}/offers`,
            query: { ...page, ...next },
            repeatable: true,
          },
          options,
        ),
      ),
    releaseMessage: (inboxId, choice, options) => post(`/v1/inbox/${segment(inboxId)}/release`, choice ?? {}, options),
    policies: (options) => call(http, { method: "GET", path: "/v1/sender-policies", repeatable: true }, options),
    setPolicy: (sender, value, choice, options) =>
      call(
        http,
        { method: "PUT", path: policy(sender), body: { policy: value, ...choice }, repeatable: true },
        options,
      ),
    dropPolicy: (sender, choice, options) =>
      call(http, { method: "DELETE", path: policy(sender), query: { ...choice }, repeatable: true }, options),
  };
}
