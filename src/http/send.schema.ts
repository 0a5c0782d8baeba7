import { limits } from "../protocol/limits.ts";
import { priorities } from "../protocol/envelope.ts";
import { anyJson, described, listOf, oneOf, optional, text } from "./shape.ts";

const idBounds = { minLength: 1, maxLength: limits.clientMessageIdCharsMax, pattern: "^[\\x21-\\x7e]+$" };

/** Headers of `POST /v1/send`. */
export const sendHeaders = {
  "idempotency-key": described(optional(text()), "The same as `client_message_id`; both together must agree", idBounds),
};

/** Body of `POST /v1/send`. */
export const sendShape = {
  to: described(text(), "`@name`, `@name/agent`, `#topic`, `queue:name`, or `@` and a member_id"),
  message: described(optional(text()), "Text; exactly one of `message` and `body`"),
  body: described(optional(text()), "Bytes, base64url without padding"),
  content_type: optional(text({ charsMax: limits.contentTypeCharsMax })),
  priority: optional(oneOf(...priorities)),
  meta: optional(anyJson("an object of at most 8192 bytes in canonical form, or null; the broker can read it")),
  mentions: described(optional(listOf(text(), limits.mentionsMax)), "Members, as `@name`"),
  reply_to: described(optional(text()), "broker_message_id of a message"),
  client_message_id: described(
    optional(text()),
    "The same id again is the same message and never sent twice; absent: one is made",
    idBounds,
  ),
};

/** What other systems call these fields. */
export const sendAliases: Readonly<Record<string, string>> = {
  text: "message",
  content: "message",
  msg: "message",
  data: "body",
  id: "client_message_id",
  idempotency_key: "client_message_id",
  "idempotency-key": "client_message_id",
  messageid: "client_message_id",
  destination: "to",
  recipient: "to",
  target: "to",
  address: "to",
  topic: "to",
  in_reply_to: "reply_to",
};

/** The parts of a message that a patch may replace. */
export const contentShape = {
  message: sendShape.message,
  body: sendShape.body,
  content_type: sendShape.content_type,
  priority: sendShape.priority,
  meta: sendShape.meta,
};
