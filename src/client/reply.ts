import { ClaudemeshError } from "../protocol/error.ts";
import { newUuidV7 } from "../protocol/ids.ts";
import type { SendResult } from "../protocol/local-api.ts";
import { senderAddress } from "../protocol/sender-agent.ts";
import type { Client, SendOptions, SentMessage } from "./client.ts";
import type { OutgoingMessage } from "./outgoing.ts";

/** An answer: where it goes and what it answers is known of the message. */
export type ReplyMessage = Omit<OutgoingMessage, "to" | "reply_to">;

/**
 * Answers a message of the inbox: to the agent that sent it, and from the one that it was sent to. Once the answer is on disk the
 * message is marked read, for it was. An error in between carries the answer's id: with it, the same answer goes out once.
 */
export async function reply(
  client: Client,
  inboxId: number,
  answer: ReplyMessage,
  { wait, ...options }: SendOptions = {},
): Promise<SendResult | SentMessage> {
  const item = await client.inbox.item(inboxId, options);
  const client_message_id = answer.client_message_id ?? newUuidV7(Date.now());
  const message: OutgoingMessage = {
    ...answer,
    // By its id, which outlives a change of its name.
    to: senderAddress({ from: { ...item.from, name: null } }),
    reply_to: item.broker_message_id,
    client_message_id,
  };
  const sent = await sendAs(client, message, answer.from_agent === undefined ? item.agent : null, options);
  if (item.read_at === null)
    await client.inbox.markRead(inboxId, options).catch((thrown: unknown) => {
      throw ClaudemeshError.from(thrown).withDetails({ client_message_id, outbox_id: sent.outbox_id });
    });
  if (wait === undefined) return sent;
  return { ...sent, message: await client.waitFor(String(sent.outbox_id), wait, options) };
}

/** `agent`: whom the message named. Where it is none of this member's (any more), the member itself answers. */
async function sendAs(
  client: Client,
  message: OutgoingMessage,
  agent: string | null,
  options: SendOptions,
): Promise<SendResult> {
  if (agent === null) return client.send(message, options);
  try {
    return await client.send({ ...message, from_agent: agent }, options);
  } catch (thrown) {
    // Refused before anything was kept: the id is still free.
    if (ClaudemeshError.from(thrown).code !== "unknown_agent") throw thrown;
    return client.send(message, options);
  }
}
