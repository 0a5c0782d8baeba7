import { described, oneOf, text } from "../../../http/shape.ts";
import { answerOf, count, flag, instant, listing, nullable, view } from "../../../http/view.ts";
import type { Listing, TopicKeyView, TopicMemberView, TopicView } from "../../../protocol/local-api.ts";
import type { KickView, MemberList, MemberView } from "../../../protocol/membership-api.ts";

const role = oneOf("owner", "admin", "member", "guest");

export const member = answerOf<MemberView>("Member")(
  view({
    member_id: text(),
    name: text(),
    address: text(),
    role,
    online: flag(),
    last_seen_at: nullable(instant()),
    self: flag(),
    agents: described(listing(text()), "As its daemon told last"),
    agents_online: described(listing(text()), "Those of them that have a session now"),
    status: oneOf("active", "revoked", "left", "expired"),
    kicked_until: described(
      nullable(instant()),
      "Sent away by an owner or admin until then, as the broker last told; null: it may come",
    ),
    clone_suspected_at: described(
      nullable(instant()),
      "When it was last seen on another host than before, or on a copy of it, as owners and admins are told; null: never",
    ),
    key_ids: described(listing(text()), "Its signing keys, the one in use last"),
    joined_at: described(nullable(instant()), "null in a mesh without a membership chain"),
    destinations: described(nullable(listing(text())), "Topics and queues that it may use; null: all"),
    dm_from: described(nullable(listing(text())), "Addresses whose direct messages it takes; null: everybody's"),
  }),
);
export const kick = answerOf<KickView>("Kick")(
  view({
    member_id: text(),
    name: text(),
    address: text(),
    until: described(nullable(instant()), "By the broker's clock; null: it may come back"),
  }),
);
export const members = answerOf<MemberList>()(
  view({ items: listing(member), told_at: described(nullable(instant()), "When the broker told of them last") }),
);

const topicMember = answerOf<TopicMemberView>("TopicMember")(
  view({ member_id: text(), name: text(), address: text(), role, online: flag(), self: flag() }),
);
export const topicMembers = answerOf<Listing<TopicMemberView>>()(view({ items: listing(topicMember) }));

export const topicKey = answerOf<TopicKeyView>("TopicKey")(
  view({
    address: described(text(), "`#name` or `queue:name`"),
    epoch_id: described(text(), "A hash over the key, which itself is in no answer"),
    depth: described(count(), "How many keys it follows"),
    history: described(oneOf("all", "joined"), "Whether who comes later gets the keys before it"),
    created_at: instant(),
  }),
);

export const topic = answerOf<TopicView>("Topic")(
  view({
    name: text(),
    topic_id: text(),
    subscribers: count(),
    subscribed: flag(),
    unsealed: described(flag(), "API keys may hand in messages that nobody has sealed or signed"),
    key: described(nullable(topicKey), "By which it is sealed; null: none is there, or this member is not told of it"),
  }),
);
export const topics = answerOf<Listing<TopicView>>()(view({ items: listing(topic) }));
