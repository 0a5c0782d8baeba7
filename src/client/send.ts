import { ClaudemeshError } from "../protocol/error.ts";
import { newUuidV7 } from "../protocol/ids.ts";
import type { SendResult } from "../protocol/local-api.ts";
import { type CallRequest, call, segment } from "./call.ts";
import type { Client, OutboxChange, SendOptions, SentMessage } from "./client.ts";
import { defaultTimeoutMs } from "./deadline.ts";
import type { HttpClient } from "./http/http-client.ts";
import { changeText, type OutgoingMessage, sendText } from "./outgoing.ts";

/** One send with its retries, all of them with one id, and the waiting that was asked for. */
export async function send(
  client: Client,
  http: HttpClient,
  message: OutgoingMessage,
  { wait, ...options }: SendOptions = {},
): Promise<SendResult | SentMessage> {
  const until = Date.now() + (options.timeoutMs ?? defaultTimeoutMs);
  // Minted before the first attempt: whatever becomes of its answer, the next one says the same message.
  const client_message_id = message.client_message_id ?? newUuidV7(Date.now());
  const request = {
    method: "POST",
    path: "/v1/send",
    bodyText: sendText(message, client_message_id),
    repeatable: true,
  } as const;
  const sent = await call<SendResult>(http, request, options).catch((thrown: unknown) => {
    // It may be on disk at the daemon, and only by its id can it be asked about or sent again.
    throw thrown instanceof ClaudemeshError && thrown.retryable ? thrown.withDetails({ client_message_id }) : thrown;
  });
  if (wait === undefined) return sent;
  const timeoutMs = Math.max(until - Date.now(), 1);
  return { ...sent, message: await client.waitFor(String(sent.outbox_id), wait, { ...options, timeoutMs }) };
}

/** Not repeatable: each one makes a new row. */
export function requeueCall(outboxId: number, change: OutboxChange = {}): CallRequest {
  return {
    method: "POST",
    path: `/v1/outbox/${segment(outboxId)}/requeue`,
    bodyText: changeText(change),
    repeatable: false,
  };
}
