import { createHash } from "node:crypto";
import { parseSend, type ParsedSend } from "../../http/parse-send.ts";
import { contentShape } from "../../http/send.schema.ts";
import { readShape, type Reading } from "../../http/shape.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { parseJson } from "../../protocol/json-parse.ts";
import type { JsonObject } from "../../protocol/json-value.ts";
import type { InboxItem, SendResult } from "../../protocol/local-api.ts";
import { hopsOfAnswer, type SenderNote } from "../../protocol/sender-agent.ts";

/** What a reply says: the fields of a message, without where it goes. */
export type ReplyContent = Reading<typeof contentShape>;

/**
 * The send path of this daemon, as its local API has it. The agent that a message is sent for is the one that the hook's own message
 * was to: where this member has none of that name, none is named.
 */
export type SendMessage = (message: ParsedSend, note: SenderNote) => Promise<SendResult>;

/**
 * Answers the message that a hook was called for: to its sender, as an answer to it. The id comes of the message and the hook, so a
 * hook that is run again, or that asks by two ways, has still replied once. Throws not_allowed for what must not be answered by a
 * program, and idempotency_key_reused when this hook has said something else before.
 */
export async function sendReply(
  send: SendMessage,
  item: InboxItem,
  hook: string,
  content: ReplyContent,
): Promise<SendResult> {
  // The broker's word for who sent it is not enough to write to somebody unasked.
  if (!item.verified) throw new ClaudemeshError("not_allowed", "nobody has signed the message, so no hook answers it");
  const hops = hopsOfAnswer(item);
  if (hops === null)
    throw new ClaudemeshError("not_allowed", `${item.hops} programs have answered one another before; it ends here`);
  const agent = item.from.agent === null ? "" : `/${item.from.agent}`;
  const parsed = parseSend(
    {
      ...content,
      to: `@${item.from.member_id}${agent}`,
      mentions: undefined,
      reply_to: item.broker_message_id,
      client_message_id: replyId(item, hook),
    },
    undefined,
  );
  return send(parsed, { agent: item.agent, hops });
}

/** The same for the same message and hook, on any run, and after a restored backup: no number of this inbox is in it. */
export function replyId(
  item: Pick<InboxItem, "from" | "client_message_id" | "broker_message_id">,
  hook: string,
): string {
  const message = item.client_message_id ?? item.broker_message_id;
  const print = createHash("sha256")
    .update(JSON.stringify([item.from.member_id, message, hook]))
    .digest("hex");
  return `hook-${print.slice(0, 40)}`;
}

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
