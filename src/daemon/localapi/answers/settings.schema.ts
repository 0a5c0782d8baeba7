import { described, text } from "../../../http/shape.ts";
import { answerOf, count, instant, listing, nullable, view } from "../../../http/view.ts";
import type { ReloadView, TokenRotatedView } from "../../../protocol/settings-api.ts";

export const reloaded = answerOf<ReloadView>("Reloaded")(
  view({
    applied: described(listing(text()), "Settings, `table.key`, that are in force from now on"),
    restart_needed: described(listing(text()), "Changed ones that are in force from the next start on"),
    unchanged: described(count(), "How many say what they said before"),
  }),
);

export const tokenRotated = answerOf<TokenRotatedView>("TokenRotated")(
  view({
    rotated_at: instant(),
    previous_valid_until: described(
      nullable(instant()),
      "Until then the token before it is taken too; null: the daemon does not listen on TCP, where alone a token is asked for",
    ),
  }),
);
