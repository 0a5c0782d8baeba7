import { createHash } from "node:crypto";
import { parseSend } from "../../../http/parse-send.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";
import type { InboxItem, SendResult } from "../../../protocol/local-api.ts";
import { hopsOfAnswer } from "../../../protocol/sender-agent.ts";
import type { HookMessage } from "../containment.ts";
import type { SendMessage } from "../reply.ts";

/**
 * Sends what a hook asks for by its token, while the message that it runs for is answered by programs no more often than others are.
 * A sender is named by its id from here on, so that another who takes its name gets nothing. Throws not_allowed, and the refusals
 * of a send.
 */
export function sendForHook(
  send: SendMessage,
  item: InboxItem,
  hook: string,
  { to, content, replyTo, key }: HookMessage,
): Promise<SendResult> {
  const hops = hopsOfAnswer(item);
  if (hops === null)
    throw new ClaudemeshError("not_allowed", `${item.hops} programs have answered one another before; it ends here`);
  const agent = item.from.agent === null ? "" : `/${item.from.agent}`;
  const parsed = parseSend(
    {
      ...content,
      to: to.startsWith("#") ? to : `@${item.from.member_id}${agent}`,
      mentions: undefined,
      reply_to: replyTo,
      client_message_id: hookMessageId(item, hook, key),
    },
    undefined,
  );
  return send(parsed, { agent: item.agent, hops });
}

/** The same for the same message, hook and key on any run; never an id that anybody else has given a message. */
function hookMessageId(
  item: Pick<InboxItem, "from" | "client_message_id" | "broker_message_id">,
  hook: string,
  key: string,
): string {
  const message = item.client_message_id ?? item.broker_message_id;
  const print = createHash("sha256")
    .update(JSON.stringify([item.from.member_id, message, hook, key]))
    .digest("hex");
  return `hook-${print.slice(0, 40)}`;
}
