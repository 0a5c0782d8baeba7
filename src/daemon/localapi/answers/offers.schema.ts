import { described, oneOf, text } from "../../../http/shape.ts";
import { answerOf, count, flag, instant, listing, nullable, view } from "../../../http/view.ts";
import {
  type MessageReleased,
  type OfferedMessage,
  type OffersSettled,
  type OfferView,
  offerStates,
  type SenderPolicies,
  type SenderPolicyView,
  senderPolicies,
  type Taken,
  ways,
} from "../../../protocol/offers-api.ts";

const from = view({ member_id: text(), name: nullable(text()) });

const offered = answerOf<OfferedMessage>("OfferedMessage")(
  view({
    offer_id: text(),
    inbox_id: count(),
    priority: oneOf("now", "next", "low"),
    repeat: described(count(), "How often it was offered: 1, or more where an earlier offer may have been seen"),
    notice: described(flag(), "Only that there is a message, as the policy for its sender says"),
  }),
);

export const taken = answerOf<Taken>("TakenOffers")(
  view({
    offers: described(listing(offered), "Messages that this session has now, in order of arrival"),
    text: described(text(), "All of them, framed, ready to be put in; empty for none"),
    more: described(count(), "Messages that wait still, up to 10,000"),
  }),
);

export const offersSettled = answerOf<OffersSettled>("OffersSettled")(
  view({
    changed: listing(text()),
    lost: described(listing(text()), "Offers that were not this session's any more"),
  }),
);

export const offer = answerOf<OfferView>("Offer")(
  view({
    inbox_id: count(),
    from,
    to: text(),
    priority: oneOf("now", "next", "low"),
    state: described(
      oneOf(...offerStates),
      "waiting; offered: a session has it and has not confirmed it; held, denied: the session's user decides, or has refused it; notified: a notice of it was put in; injected: it is in a session; read",
    ),
    policy: described(oneOf(...senderPolicies), "What holds for it: of its sender, or of the settings"),
    way: described(nullable(oneOf(...ways)), "Of the last offer; null: it was never offered"),
    session: nullable(view({ kind: text(), session_id: text() })),
    offers: described(count(), "How often it was offered"),
    offered_at: nullable(instant()),
    lease_until: nullable(instant()),
    changed_at: instant(),
    reason: described(nullable(text()), "Why it waits again, is held or was refused"),
  }),
);

export const messageReleased = answerOf<MessageReleased>("MessageReleased")(
  view({
    inbox_id: count(),
    released: described(listing(text()), "Agents to whose sessions it may go now"),
  }),
);

export const senderPolicy = answerOf<SenderPolicyView>("SenderPolicy")(
  view({
    sender: from,
    agent: described(nullable(text()), "null: every agent that has no line of its own for this sender"),
    policy: oneOf(...senderPolicies),
    until: described(nullable(instant()), "Past it the settings hold again; null: for good"),
    set_at: instant(),
  }),
);

export const senderPolicyLines = answerOf<SenderPolicies>("SenderPolicies")(
  view({
    items: listing(senderPolicy),
    default: described(oneOf(...senderPolicies), "Where no line is, as the settings say"),
    unverified: described(
      oneOf(...senderPolicies),
      "Of messages that nobody has signed; the stricter one of both holds",
    ),
  }),
);
