import { textOf } from "../../protocol/body-text.ts";
import type { DirectMessage } from "../../protocol/direct-api.ts";
import { saysUnsigned } from "../../protocol/envelope-check.ts";
import type { PushItem } from "../../protocol/frames.ts";
import { envelopeNote } from "../../protocol/sender-agent.ts";

/** A message of the log as an HTTP caller sees it. `nameOf` knows members by their id. */
export function messageView(item: PushItem, nameOf: (memberId: string) => string | null): DirectMessage[] {
  const { envelope } = item;
  if (envelope === null) return [];
  // What is sealed nobody here can open: it is shown as it stands in the log, for a caller to know that there is something.
  const encrypted = envelope.algorithm !== "none";
  const { note, meta } = envelopeNote(envelope);
  const topic = envelope.destination_kind === "topic" ? envelope.destination_ref : null;
  return [
    {
      client_message_id: envelope.client_message_id,
      broker_message_id: item.broker_message_id,
      history_id: item.seq,
      epoch: item.epoch,
      accepted_at: item.accepted_at,
      from: { member_id: envelope.sender, name: nameOf(envelope.sender), agent: note.agent },
      to: addressOf(envelope.destination_kind, envelope.destination_ref, nameOf),
      topic,
      content_type: envelope.content_type,
      message: encrypted ? null : textOf(envelope.content_type, Buffer.from(envelope.body, "base64url")),
      body: envelope.body,
      meta,
      mentions: envelope.mentions,
      reply_to: envelope.reply_to,
      priority: envelope.priority,
      hops: note.hops,
      encrypted,
      via: saysUnsigned(envelope) ? envelope.key_id : null,
      sent_at: envelope.sent_at,
    },
  ];
}

function addressOf(kind: string, ref: string, nameOf: (memberId: string) => string | null): string {
  if (kind === "topic") return `#${ref}`;
  if (kind === "queue") return `queue:${ref}`;
  const [memberId = "", agent] = ref.split("/");
  const name = nameOf(memberId) ?? memberId;
  return agent === undefined ? `@${name}` : `@${name}/${agent}`;
}
