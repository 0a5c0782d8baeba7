import { described, oneOf, text } from "../../http/shape.ts";
import { answerOf, instant, listing, nullable, view } from "../../http/view.ts";
import { apiKeyScopes } from "../../protocol/api-key.ts";
import type { ApiKeyMade, ApiKeyView } from "../../protocol/direct-api.ts";

const fields = {
  key_id: described(text(), "Names the key; it opens nothing"),
  name: text(),
  member_id: text(),
  member: described(text(), "The member's name"),
  scopes: listing(oneOf(...apiKeyScopes)),
  destinations: described(nullable(listing(text())), "null: wherever its member may"),
  state: oneOf("open", "expired", "revoked"),
  created_at: instant(),
  expires_at: instant(),
  revoked_at: nullable(instant()),
  last_used_at: described(nullable(instant()), "To the hour"),
};

export const apiKey = answerOf<ApiKeyView>("ApiKey")(view(fields));
export const apiKeys = view({ items: listing(apiKey) });
export const apiKeyMade = answerOf<ApiKeyMade>("ApiKeyMade")(
  view({ ...fields, mesh_id: text(), key: described(text(), "A secret: whoever has it speaks as the member") }),
);
