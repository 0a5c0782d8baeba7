import { anyJson, described, text } from "../../../http/shape.ts";
import { answerOf, count, listing, nullable, record, view } from "../../../http/view.ts";
import type {
  ComparedMember,
  DmPolicyView,
  MembershipTroubleView,
  MembershipView,
  SafetyNumberView,
} from "../../../protocol/membership-api.ts";

export const membershipTrouble = described(
  nullable(
    answerOf<MembershipTroubleView>("MembershipTrouble")(
      view({ code: text(), message: text(), hint: described(text(), "What to do") }),
    ),
  ),
  "What keeps the broker's chain and this home's apart; null: nothing",
);

export const membership = answerOf<MembershipView>("Membership")(
  view({
    n: described(nullable(count()), "Place of the newest entry; null: this home holds no chain"),
    head: described(nullable(text()), "Its hash: equal at two members who hold the same chain"),
    trouble: membershipTrouble,
    entries: described(listing(record(anyJson("a field of the entry"))), "As they were signed, in order"),
    next_after: described(nullable(count()), "`after` of the next page; null at the end"),
  }),
);

const compared = answerOf<ComparedMember>("ComparedMember")(
  view({ member_id: text(), name: text(), address: text(), key_id: described(text(), "Its signing key in use") }),
);

export const safetyNumber = answerOf<SafetyNumberView>("SafetyNumber")(
  view({
    digits: described(text(), "Sixty digits in twelve groups of five: the same at both members, or something is wrong"),
    self: compared,
    member: compared,
  }),
);

export const dmPolicy = answerOf<DmPolicyView>("DmPolicy")(
  view({ from: described(nullable(listing(text())), "Addresses; null: everybody's") }),
);
