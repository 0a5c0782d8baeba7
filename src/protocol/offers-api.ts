/** Ways by which a message comes into a session: docs/agents.md. */
export const ways = ["socket", "hook", "channel", "stream", "mcp", "command"] as const;
export type Way = (typeof ways)[number];

/** How far a message has come with one agent. */
export const offerStates = ["waiting", "offered", "held", "denied", "notified", "injected", "read"] as const;
export type OfferState = (typeof offerStates)[number];

/** What a sender's messages may do to a live session, from the mildest on. */
export const senderPolicies = ["auto", "ask", "mute", "hold", "block"] as const;
export type SenderPolicy = (typeof senderPolicies)[number];

/** A message that one session has under a lease. */
export interface OfferedMessage {
  readonly offer_id: string;
  readonly inbox_id: number;
  readonly priority: "now" | "next" | "low";
  /** How often it was offered: 1, or more where an earlier offer may have been seen. */
  readonly repeat: number;
  /** Only that there is a message, as the policy for its sender says. */
  readonly notice: boolean;
}

export interface Taken {
  readonly offers: readonly OfferedMessage[];
  /** All of them, framed, ready to be put in; "" for none. */
  readonly text: string;
  /** Messages that wait still and may be offered this way; counted up to a bound. */
  readonly more: number;
}

export interface TakeRequest {
  readonly way: Way;
  /** Characters that `text` may have. */
  readonly chars_max: number;
  /** Also messages of low priority, which wake nobody. */
  readonly include_low?: boolean | undefined;
  readonly limit?: number | undefined;
  /** What the session's user has just put in: a message of ours in it has arrived. */
  readonly prompt?: string | undefined;
}

/** Offers that were still the caller's, and those that were not any more. */
export interface OffersSettled {
  readonly changed: readonly string[];
  readonly lost: readonly string[];
}

export interface OfferView {
  readonly inbox_id: number;
  readonly from: { readonly member_id: string; readonly name: string | null };
  readonly to: string;
  readonly priority: "now" | "next" | "low";
  readonly state: OfferState;
  /** What holds for it: of its sender, or of the settings. */
  readonly policy: SenderPolicy;
  readonly way: Way | null;
  readonly session: { readonly kind: string; readonly session_id: string } | null;
  readonly offers: number;
  readonly offered_at: string | null;
  readonly lease_until: string | null;
  readonly changed_at: string;
  readonly reason: string | null;
}

export interface MessageReleased {
  readonly inbox_id: number;
  /** Agents to whose sessions it may go now. */
  readonly released: readonly string[];
}

export interface SenderPolicyView {
  readonly sender: { readonly member_id: string; readonly name: string | null };
  /** null: every agent. */
  readonly agent: string | null;
  readonly policy: SenderPolicy;
  readonly until: string | null;
  readonly set_at: string;
}

/** All lines that hold, and what holds where there is none. */
export interface SenderPolicies {
  readonly items: readonly SenderPolicyView[];
  readonly default: SenderPolicy;
  /** Of messages that nobody has signed; the stricter one of both holds. */
  readonly unverified: SenderPolicy;
}
