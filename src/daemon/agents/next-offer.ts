import { limits } from "../../protocol/limits.ts";
import type { OfferState, Way } from "../../protocol/offers-api.ts";

/**
 * How far one message has come with one agent.
 *
 * `waiting` goes to `offered` when a session takes it under a lease. From there:
 * - `injected`, once it is certain that the session has it: whoever put it in has confirmed, or the session has shown it. From then on
 *   it is never offered again.
 * - `notified` in place of `injected` where the offer brought a notice and not the text.
 * - `waiting` again when the lease or the session ends, or whoever held it gives it back. Whether the session saw it is not known then,
 *   so the next offer says that it is a repeat.
 * - `held` while the session's own user decides; then `injected`, `denied`, or `waiting` when the session lets it go. It has no lease: the
 *   session ends it, or ends.
 * `read` is the end: the agent has fetched it, answered it, or gone on with it in its context. It comes after any state, and nothing
 * follows it. `denied` and `notified` wait for somebody here to release the message; `released` leads back to `waiting`.
 *
 * A crash leaves a state as it was on disk: `offered`, whose lease then ends, is the only one in which what is on disk may be behind what
 * the session has seen. It is never ahead.
 */
export interface Offer {
  readonly state: OfferState;
  readonly way: Way;
  readonly offer_id: string;
  readonly offers: number;
  readonly notice: boolean;
  readonly lease_until: number | null;
  readonly reason: string | null;
}

export type OfferEvent =
  | {
      readonly kind: "taken";
      readonly way: Way;
      readonly offerId: string;
      readonly notice: boolean;
      readonly leaseUntil: number;
    }
  /** Whoever put it in says that it is in. `read`: the agent has asked for it itself. */
  | { readonly kind: "confirmed"; readonly offerId: string; readonly read: boolean }
  | { readonly kind: "extended"; readonly offerId: string; readonly leaseUntil: number }
  /** `unseen`: nothing of it was put in, for certain; the next offer is no repeat of this one. */
  | { readonly kind: "gave_back"; readonly offerId: string; readonly reason: string; readonly unseen?: boolean }
  | { readonly kind: "held"; readonly offerId: string; readonly reason: string }
  | { readonly kind: "denied"; readonly offerId: string; readonly reason: string }
  /** The session itself showed the message among what its model is given. */
  | { readonly kind: "seen" }
  /** The session that it was put into is over. */
  | { readonly kind: "session_ended" }
  /** The agent has it, by its own doing or by going on with it. */
  | { readonly kind: "read" }
  /** Somebody here lets it in. */
  | { readonly kind: "released" };

/** The state after `event`; null: the event changes nothing, since it is late, repeated, or of another offer. */
export function nextOffer(offer: Offer | null, event: OfferEvent, now: number): Offer | null {
  switch (event.kind) {
    case "taken":
      return taken(offer, event, now);
    case "confirmed":
      return isOpen(offer, event.offerId) ? confirmed(offer, event.read) : null;
    case "extended":
      return offer?.state === "offered" && offer.offer_id === event.offerId
        ? { ...offer, lease_until: event.leaseUntil }
        : null;
    case "gave_back":
      return isOpen(offer, event.offerId) ? gaveBack(offer, event.reason, event.unseen ?? false) : null;
    case "held":
      return offer?.state === "offered" && offer.offer_id === event.offerId
        ? { ...offer, state: "held", lease_until: null, reason: event.reason }
        : null;
    case "denied":
      return isOpen(offer, event.offerId)
        ? { ...offer, state: "denied", lease_until: null, reason: event.reason }
        : null;
    case "seen":
      // Whatever came of the lease: the session would not show what it has not.
      return offer !== null && (offer.state === "offered" || offer.state === "held" || offer.state === "waiting")
        ? confirmed(offer, false)
        : null;
    case "session_ended":
      return offer !== null && (offer.state === "offered" || offer.state === "held")
        ? waitingAgain(offer, "the session ended before it was confirmed")
        : null;
    case "read":
      return offer === null || offer.state === "read"
        ? null
        : { ...offer, state: "read", lease_until: null, reason: null };
    case "released":
      return offer !== null && (offer.state === "denied" || offer.state === "notified")
        ? waitingAgain(offer, "released here")
        : null;
  }
}

/** Whether a session may take it now. A lease further ahead than any that is given is of a clock that was set back since. */
export function isFree(offer: Pick<Offer, "state" | "lease_until"> | null, now: number): boolean {
  if (offer === null || offer.state === "waiting") return true;
  const until = offer.lease_until ?? 0;
  return offer.state === "offered" && (until <= now || until > now + limits.offerLeaseMs);
}

function taken(offer: Offer | null, event: Extract<OfferEvent, { kind: "taken" }>, now: number): Offer | null {
  if (!isFree(offer, now)) return null;
  return {
    state: "offered",
    way: event.way,
    offer_id: event.offerId,
    offers: (offer?.offers ?? 0) + 1,
    notice: event.notice,
    lease_until: event.leaseUntil,
    reason: null,
  };
}

/** The last offer still stands, also one whose lease is over while nobody has taken the message since. */
function isOpen(offer: Offer | null, offerId: string): offer is Offer {
  return offer !== null && offer.offer_id === offerId && (offer.state === "offered" || offer.state === "held");
}

function confirmed(offer: Offer, read: boolean): Offer {
  const state = offer.notice ? "notified" : read ? "read" : "injected";
  return { ...offer, state, lease_until: null, reason: null };
}

function gaveBack(offer: Offer, reason: string, unseen: boolean): Offer {
  const isUnseen = unseen && offer.state === "offered";
  return waitingAgain(isUnseen ? { ...offer, offers: offer.offers - 1 } : offer, reason);
}

function waitingAgain(offer: Offer, reason: string): Offer {
  return { ...offer, state: "waiting", lease_until: null, reason };
}
