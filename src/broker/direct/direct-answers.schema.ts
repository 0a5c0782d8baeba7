import { anyJson, described, oneOf, text } from "../../http/shape.ts";
import { answerOf, count, flag, instant, listing, nullable, record, view } from "../../http/view.ts";
import type { DirectMessage, DirectMessageState, DirectSent } from "../../protocol/direct-api.ts";
import { member } from "../http/admin-answers.schema.ts";

const place = {
  client_message_id: described(text(), "The caller's own form; the one that the broker made where none was given"),
  broker_message_id: text(),
  history_id: count(),
  accepted_at: instant(),
  history_available: described(flag(), "False: retention has removed the message since"),
};

export const sent = answerOf<DirectSent>("Sent")(
  view({ ...place, duplicate: described(flag(), "True: the broker has had it since an earlier request") }),
);

export const messageState = answerOf<DirectMessageState>("MessageState")(
  view({
    ...place,
    delivered_to: described(
      nullable(view({ reached: count(), of: count() })),
      "Topics: how many of the current subscribers hold it on disk; null where nobody can tell",
    ),
  }),
);

export const message = answerOf<DirectMessage>("Message")(
  view({
    client_message_id: described(text(), "As on the wire"),
    broker_message_id: text(),
    history_id: count(),
    epoch: count(),
    accepted_at: instant(),
    from: view({ member_id: text(), name: nullable(text()), agent: nullable(text()) }),
    to: described(text(), "`@name`, `@name/agent`, `#topic` or `queue:name`"),
    topic: nullable(text()),
    content_type: text(),
    message: described(nullable(text()), "Decoded when it is not sealed, its type is text and its bytes are UTF-8"),
    body: described(text(), "base64url without padding"),
    meta: nullable(record(anyJson("as the sender wrote it"))),
    mentions: listing(text()),
    reply_to: nullable(text()),
    priority: oneOf("now", "next", "low"),
    hops: count(),
    encrypted: flag(),
    via: described(
      nullable(text()),
      "`api:<key id>`: an API key of the member handed it to the broker; nobody has signed it. null: it is signed",
    ),
    sent_at: instant(),
  }),
);

export const members = view({ items: listing(member) });
