import { anyJson, described, oneOf, optional, text } from "../../../http/shape.ts";
import {
  answerOf,
  constant,
  count,
  either,
  flag,
  instant,
  listing,
  nullable,
  record,
  view,
} from "../../../http/view.ts";
import { attachmentView } from "./files.schema.ts";
import type { HistoryItem, InboxItem, UndecryptableView } from "../../../protocol/local-api.ts";

const place = {
  client_message_id: described(nullable(text()), "As on the wire"),
  broker_message_id: text(),
  history_id: count(),
  epoch: count(),
  accepted_at: instant(),
};
const from = view({
  member_id: text(),
  name: nullable(text()),
  agent: described(nullable(text()), "The member's agent that sent it, as its daemon says; an answer goes to it"),
});
const content = {
  from,
  to: described(text(), "`@me`, `@me/agent`, `#topic` or `queue:name`"),
  topic: nullable(text()),
  content_type: text(),
  message: described(nullable(text()), "Decoded when the content type is text and the bytes are UTF-8"),
  body: described(text(), "base64url without padding"),
  meta: nullable(record(anyJson("as the sender wrote it"))),
  mentions: listing(text()),
  reply_to: nullable(text()),
  priority: oneOf("now", "next", "low"),
  hops: described(count(), "Programs that answered by themselves before this one, each the answer of another"),
  encrypted: flag(),
  verified: described(flag(), "The sender's signature was checked and holds"),
  via: described(
    nullable(text()),
    "`api:<key id>`: an API key of the member handed it to the broker; nobody has signed it, and it is not encrypted",
  ),
  sent_at: instant(),
  attachments: described(listing(attachmentView), "Files that it brings"),
};

export const inboxFields = {
  inbox_id: described(count(), "Local row number, ascending in order of arrival on disk"),
  ...place,
  ...content,
  agent: nullable(text()),
  received_at: instant(),
  read_at: nullable(instant()),
  restored: described(
    optional(flag()),
    "True: from the broker's history, since the inbox was damaged; listeners may have been told of it before",
  ),
};

export const inboxItem = answerOf<InboxItem>("InboxItem")(view(inboxFields));

/** A message that is kept sealed. */
export const undecryptable = answerOf<UndecryptableView>("Undecryptable")(
  view({
    history_id: count(),
    epoch: count(),
    client_message_id: described(text(), "As on the wire"),
    from: described(from, "As the envelope says; with the code membership_unexplained nobody has proven it"),
    to: text(),
    code: described(
      text(),
      "What it waits for, as an error code; undecryptable: no key that could still come opens it",
    ),
    reason: text(),
    final: described(flag(), "No key that could still come opens it"),
    accepted_at: instant(),
    since: described(instant(), "When it was received"),
  }),
);

/** A message that is the broker's copy: shown, or why not. */
export const historyFields = {
  shown: { ...place, ...content },
  hidden: {
    ...place,
    verified: constant(false),
    unavailable: described(text(), "Why nothing of it can be shown"),
    from: optional(from),
  },
};

export const historyItem = answerOf<HistoryItem>("HistoryItem")(
  either(view(historyFields.shown), view(historyFields.hidden)),
);
