import type { Envelope } from "../../protocol/envelope.ts";
import type { CheckedPush } from "../parts.ts";

/** A message as the link hands it to the inbox: checked, from `sender`, at place `seq` of the log. */
export function checkedPush(
  seq: number,
  sender: string,
  ref: string,
  text: string,
  change: Partial<Envelope> = {},
): CheckedPush {
  const body = Buffer.from(text);
  const brokerMessageId = `0198f0a0-0000-7000-8000-${String(seq).padStart(12, "0")}`;
  const envelope: Envelope = {
    version: 2,
    mesh_id: "0198f0a0-0000-7000-8000-000000000001",
    sender,
    key_id: sender,
    client_message_id: `${sender.slice(0, 16)}:m-${seq}`,
    destination_kind: /^[0-9a-f]{64}/.test(ref) ? "dm" : "topic",
    destination_ref: ref,
    reply_to: null,
    supersedes: null,
    priority: "next",
    meta: "",
    mentions: [],
    content_type: "text/plain; charset=utf-8",
    algorithm: "none",
    sealed_to: null,
    body: body.toString("base64url"),
    request_fingerprint: "cd".repeat(32),
    membership_head: null,
    signature: "",
    sent_at: "2026-01-01T00:00:00.000Z",
    ...change,
  };
  return {
    item: {
      destination: envelope.destination_kind === "dm" ? "dm" : "topic:t",
      seq,
      epoch: 1,
      broker_message_id: brokerMessageId,
      accepted_at: "2026-01-01T00:00:00.000Z",
      position: { epoch: 1, seq, broker_message_id: brokerMessageId, incarnation: "i", mac: "m" },
      client_message_id: envelope.client_message_id,
      request_fingerprint: envelope.request_fingerprint,
      envelope,
    },
    body,
    verified: true,
    invalid: null,
    undecryptable: null,
    fromName: "bob",
    topicName: envelope.destination_kind === "topic" ? ref : null,
  };
}
