import { described, oneOf, text } from "../../../http/shape.ts";
import { answerOf, count, flag, instant, listing, view } from "../../../http/view.ts";
import type { InviteMade, InviteView, Listing } from "../../../protocol/local-api.ts";

const inviteFields = {
  invite_id: described(text(), "The invite's public key; the link holds the private one"),
  role: oneOf("owner", "admin", "member", "guest"),
  state: oneOf("open", "used", "expired", "revoked"),
  uses: described(count(), "Members it may admit"),
  used: described(count(), "Members it has admitted"),
  created_at: instant(),
  expires_at: instant(),
  created_by: described(text(), "member_id of who made it"),
};

export const invite = answerOf<InviteView>("Invite")(view(inviteFields));
export const invites = answerOf<Listing<InviteView>>()(view({ items: listing(invite) }));
export const inviteMade = answerOf<InviteMade>("InviteMade")(
  view({
    ...inviteFields,
    link: described(text(), "Holds a secret: whoever has it can join. Shown here and never again"),
    loopback: described(flag(), "The broker listens for its own host only, so the link works there only"),
  }),
);
