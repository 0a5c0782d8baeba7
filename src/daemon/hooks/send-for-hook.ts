import { createHash } from "node:crypto";
import { parseSend, type ParsedSend } from "../../http/parse-send.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { InboxItem, SendResult } from "../../protocol/local-api.ts";
import { hopsOfAnswer, type SenderNote } from "../../protocol/sender-agent.ts";
import type { HookMessage } from "./containment.ts";
import type { ReplyContent } from "./reply.ts";

/**
 * The send path of this daemon, as its local API has it. The agent that a message is sent for is the one that the hook's own message
 * was to: where this member has none of that name, none is named.
 */
export type SendMessage = (message: ParsedSend, note: SenderNote) => Promise<SendResult>;

/**
 * Sends what a hook says for the message that it runs for, while that is answered by programs no more often than others are. The id
 * is made of that message and of `madeOf`: whatever runs again has sent once. Throws not_allowed, and the refusals of a send.
 */
export async function sendForHook(
  send: SendMessage,
  item: InboxItem,
  message: Omit<HookMessage, "key"> & { readonly madeOf: readonly string[] },
): Promise<SendResult> {
  const hops = hopsOfAnswer(item);
  if (hops === null)
    throw new ClaudemeshError("not_allowed", `${item.hops} programs have answered one another before; it ends here`);
  const parsed = parseSend(
    {
      ...message.content,
      to: message.to,
      mentions: undefined,
      reply_to: message.replyTo,
      client_message_id: idOf(item, message.madeOf),
    },
    undefined,
  );
  return send(parsed, { agent: item.agent, hops });
}

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
  const to = senderOf(item);
  return sendForHook(send, item, { to, content, replyTo: item.broker_message_id, madeOf: [hook] });
}

/** By its id, so that another member who takes the name gets nothing. */
export function senderOf({ from }: Pick<InboxItem, "from">): string {
  return `@${from.member_id}${from.agent === null ? "" : `/${from.agent}`}`;
}

/** Never an id that anybody else has given a message; the same after a restored backup, since no number of this inbox is in it. */
function idOf(
  item: Pick<InboxItem, "from" | "client_message_id" | "broker_message_id">,
  madeOf: readonly string[],
): string {
  const message = item.client_message_id ?? item.broker_message_id;
  const print = createHash("sha256")
    .update(JSON.stringify([item.from.member_id, message, ...madeOf]))
    .digest("hex");
  return `hook-${print.slice(0, 40)}`;
}
