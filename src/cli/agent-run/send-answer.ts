import { createHash } from "node:crypto";
import type { Client } from "../../client/client.ts";
import { outlast } from "../../client/outlast.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import type { InboxItem } from "../../protocol/local-api.ts";
import { hopsOfAnswer, senderAddress } from "../../protocol/sender-agent.ts";

export type Answered =
  | { readonly state: "sent"; readonly client_message_id: string; readonly to: string }
  /** An earlier run of the same message has answered it, with other words. */
  | { readonly state: "answered_before"; readonly client_message_id: string }
  | { readonly state: "not_sent"; readonly why: string };

/**
 * Sends the answer to a message, in the agent's name. Its id is made of the message's and the agent's: whatever runs
 * twice, the message is answered once. Without the daemon it waits, as long as the signal allows.
 */
export async function sendAnswer(
  client: Client,
  item: InboxItem,
  { agent, text, signal }: { readonly agent: string; readonly text: string; readonly signal: AbortSignal },
): Promise<Answered> {
  if (!item.verified || item.via !== null)
    return { state: "not_sent", why: "nobody has signed it, so there is nobody to answer" };
  const hops = hopsOfAnswer(item);
  if (hops === null) return { state: "not_sent", why: `it is the ${limits.hopsMax}th answer of programs in a row` };
  // By its id, which outlives a change of its name.
  const to = senderAddress({ from: { ...item.from, name: null } });
  const client_message_id = answerId(item.broker_message_id, agent);
  const request = {
    to,
    message: text,
    client_message_id,
    reply_to: item.broker_message_id,
    from_agent: agent,
    hops,
  };
  try {
    await outlast(() => client.send(request, { signal }), { signal });
    return { state: "sent", client_message_id, to };
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const { code, message } = ClaudemeshError.from(thrown);
    if (code === "idempotency_key_reused") return { state: "answered_before", client_message_id };
    return { state: "not_sent", why: `${message} (${code})` };
  }
}

function answerId(brokerMessageId: string, agent: string): string {
  return `answer-${brokerMessageId}-${createHash("sha256").update(agent).digest("hex").slice(0, 16)}`;
}
