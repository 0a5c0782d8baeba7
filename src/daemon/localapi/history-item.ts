import { textOf } from "../../protocol/body-text.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import { checkUnsignedEnvelope, envelopeBody, saysUnsigned } from "../../protocol/envelope-check.ts";
import { envelopeFingerprint } from "../../protocol/fingerprint.ts";
import type { MemberInfo, PushItem } from "../../protocol/frames.ts";
import type { HistoryItem } from "../../protocol/local-api.ts";
import { parseMeta } from "../../protocol/meta.ts";
import { envelopeSignatureHolds, publicKeyFromHex } from "../../protocol/signing.ts";
import { mayBeUnsigned } from "../link/unsigned-policy.ts";
import type { Directory } from "../parts.ts";
import type { Self } from "../resolve-address.ts";

/**
 * A message of the broker's history, or of a queue. Fields as in the inbox, without what only an inbox row has. Nothing of the body is
 * shown when the sender's signature does not hold, or is not there and its topic was never open for that.
 */
export function historyItem(item: PushItem, directory: Directory | null, self: Self): HistoryItem {
  const members = directory?.members ?? [];
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
  const unsigned = saysUnsigned(envelope);
  if (!(unsigned ? isAllowedUnsigned(item, directory) : isAuthentic(envelope, body)))
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
    verified: !unsigned,
    via: unsigned ? envelope.key_id : null,
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

function isAllowedUnsigned(item: PushItem, directory: Directory | null): boolean {
  try {
    const envelope = checkUnsignedEnvelope(item.envelope);
    const computed = envelopeFingerprint(envelope, envelopeBody(envelope)).toString("hex");
    return computed === envelope.request_fingerprint && mayBeUnsigned(envelope, item, directory);
  } catch {
    return false;
  }
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
