import { oneOf, text } from "../../../http/shape.ts";
import { answerOf, count, flag, instant, listing, nullable, view } from "../../../http/view.ts";
import type { Listing, MemberView, TopicView } from "../../../protocol/local-api.ts";

export const member = answerOf<MemberView>()(
  view({
    member_id: text(),
    name: text(),
    address: text(),
    role: oneOf("owner", "admin", "member", "guest"),
    online: flag(),
    last_seen_at: nullable(instant()),
    self: flag(),
  }),
);
export const members = answerOf<Listing<MemberView>>()(view({ items: listing(member) }));

export const topic = answerOf<TopicView>()(
  view({ name: text(), topic_id: text(), subscribers: count(), subscribed: flag() }),
);
export const topics = answerOf<Listing<TopicView>>()(view({ items: listing(topic) }));
