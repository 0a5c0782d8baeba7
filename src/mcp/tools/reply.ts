import * as z from "zod";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { InboxItem } from "../../protocol/local-api.ts";
import { senderOf } from "../framed.ts";
import { idempotencyKey, tool } from "../tool.ts";
import { messageText, sendAndTell, sentOutput, waiting } from "./send.ts";

export const reply = tool({
  name: "reply",
  title: "Answer a message",
  description:
    "Answer a message of the inbox: goes to the agent that sent it, says which message it answers, and marks that one read.",
  input: z.strictObject({
    inbox_id: z.int().min(1).describe("Of the message, as it was shown."),
    message: messageText,
    to_topic: z.boolean().optional().describe("Answer in the topic that it came by, for all who receive it."),
    ...waiting,
    ...idempotencyKey,
  }),
  output: sentOutput,
  repeats: "daemon",
  async run({ inbox_id, message, to_topic = false, wait_for, wait_s }, call) {
    const item = await call.ask((client, options) => client.inbox.item(inbox_id, options));
    const to = addressOf(item, to_topic);
    const request = { to, message, reply_to: item.broker_message_id };
    const answer = await sendAndTell(request, { stage: wait_for, seconds: wait_s }, call);
    // Whoever answers it has read it. Only now: an answer that was refused is none.
    await call.ask((client, options) => client.inbox.markRead(inbox_id, options));
    return answer;
  },
});

function addressOf(item: InboxItem, toTopic: boolean): string {
  if (toTopic && item.topic === null)
    throw new ClaudemeshError("invalid_field", `message ${item.inbox_id} did not come by a topic`, {
      hint: "leave to_topic away",
    });
  if (toTopic) return `#${item.topic}`;
  return senderOf(item) ?? "";
}
