import { contentShape } from "../../http/send.schema.ts";
import { readShape, type Reading } from "../../http/shape.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { parseJson } from "../../protocol/json-parse.ts";
import type { JsonObject } from "../../protocol/json-value.ts";

/** What a reply says: the fields of a message, without where it goes. */
export type ReplyContent = Reading<typeof contentShape>;

/**
 * The reply in a hook's standard output, `{"reply": "text"}` or `{"reply": {"message": …, "meta": …}}`; null: it wrote nothing, or an
 * object without one. Throws for what is neither.
 */
export function readReply(output: Uint8Array): ReplyContent | null {
  if (Buffer.from(output).toString("latin1").trim() === "") return null;
  const written = parseJson(output);
  if (typeof written !== "object" || written === null || Array.isArray(written))
    throw new ClaudemeshError("invalid_field", "standard output must be a JSON object");
  const reply = Object.hasOwn(written, "reply") ? (written as JsonObject)["reply"] : null;
  return reply === null || reply === undefined ? null : readReplyContent(reply);
}

/** Text, or the fields of a message. */
export function readReplyContent(reply: unknown): ReplyContent {
  return readShape(contentShape, typeof reply === "string" ? { message: reply } : reply, "field", {
    text: "message",
    content: "message",
  });
}
