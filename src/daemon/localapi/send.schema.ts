import { limits } from "../../protocol/limits.ts";
import { priorities } from "../../protocol/envelope.ts";
import { anyJson, listOf, oneOf, optional, text } from "./shape.ts";

/** Body of `POST /v1/send`. */
export const sendShape = {
  to: text(),
  message: optional(text()),
  body: optional(text()),
  content_type: optional(text({ charsMax: limits.contentTypeCharsMax })),
  priority: optional(oneOf(...priorities)),
  meta: optional(anyJson("an object of at most 8192 bytes in canonical form, or null; the broker can read it")),
  mentions: optional(listOf(text(), limits.mentionsMax)),
  reply_to: optional(text()),
  client_message_id: optional(text()),
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
