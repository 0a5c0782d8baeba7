import type { Envelope } from "../../protocol/envelope.ts";
import { envelopeFingerprint } from "../../protocol/fingerprint.ts";
import type { MemberInfo, PushItem } from "../../protocol/frames.ts";
import type { HistoryItem } from "../../protocol/local-api.ts";
import { parseMeta } from "../../protocol/meta.ts";
import { envelopeSignatureHolds, publicKeyFromHex } from "../../protocol/signing.ts";
import { textOf } from "../inbox/row.ts";
import type { Self } from "../resolve-address.ts";

/**
 * A message of the broker's history, or of a queue. Fields as in the inbox, without what only an inbox row has. `verified` is false,
 * and nothing of the body is shown, when the sender's signature does not hold.
 */
export function historyItem(item: PushItem, members: readonly MemberInfo[], self: Self): HistoryItem {
  const place = {
    client_message_id: item.client_message_id,
    broker_message_id: item.broker_message_id,
    history_id: item.seq,
    epoch: item.epoch,
    accepted_at: item.accepted_at,
  };
  const { envelope } = item;
  if (envelope === null) return { ...place, verified: false, unavailable: item.stub_reason ?? "not available" };
  const body = Buffer.from(envelope.body, "base64url");
  const from = {
    member_id: envelope.sender,
    name: members.find((member) => member.member_id === envelope.sender)?.name ?? null,
  };
  if (!isAuthentic(envelope, body))
    return { ...place, from, verified: false, unavailable: "the sender's signature does not hold" };
  const { destination_kind: kind, destination_ref: ref } = envelope;
  const topic = kind === "topic" ? ref : null;
  return {
    ...place,
    from,
    to: topic !== null ? `#${topic}` : kind === "queue" ? `queue:${ref}` : dmAddress(ref, members, self),
    topic,
    content_type: envelope.content_type,
    message: textOf(envelope.content_type, body),
    body: envelope.body,
    meta: parseMeta(envelope.meta),
    mentions: envelope.mentions,
    reply_to: envelope.reply_to,
    priority: envelope.priority,
    encrypted: false,
    verified: true,
    sent_at: envelope.sent_at,
  };
}

function dmAddress(ref: string, members: readonly MemberInfo[], self: Self): string {
  const [memberId = "", agent] = ref.split("/");
  const name =
    memberId === self.memberId
      ? self.name
      : (members.find((member) => member.member_id === memberId)?.name ?? memberId);
  return agent === undefined ? `@${name}` : `@${name}/${agent}`;
}

function isAuthentic(envelope: Envelope, body: Uint8Array): boolean {
  try {
    return (
      envelopeFingerprint(envelope, body).toString("hex") === envelope.request_fingerprint &&
      // Until keys rotate the key in use is the member's first one; any other would prove nothing about the sender.
      envelope.key_id === envelope.sender &&
      envelopeSignatureHolds(envelope, body, publicKeyFromHex(envelope.key_id))
    );
  } catch {
    return false;
  }
}
