import { described, oneOf, text } from "../../../http/shape.ts";
import { answerOf, count, listing, view } from "../../../http/view.ts";
import type { SealDone, SealMember, SealPlan } from "../../../protocol/membership-api.ts";

const action = described(
  oneOf("found", "admit", "pin", "none"),
  "`found`: begin the membership; `admit`: take in who has announced keys since; `pin`: go by what the owner began",
);
const member = answerOf<SealMember>("SealMember")(
  view({ member_id: text(), name: text(), role: oneOf("owner", "admin", "member", "guest") }),
);

export const sealPlan = answerOf<SealPlan>("SealPlan")(
  view({
    action,
    owner: described(member, "Who begins or began the membership"),
    members: described(listing(member), "Who belongs to the mesh once it is done"),
    left_out: described(listing(member), "Whose daemon has not announced its keys yet"),
    digest: described(text(), "Over all of it: what was shown is what is done"),
  }),
);
export const sealDone = answerOf<SealDone>("SealDone")(
  view({
    action,
    members: count(),
    head: described(text(), "Of the membership that this home now holds, 64 hex characters"),
  }),
);
