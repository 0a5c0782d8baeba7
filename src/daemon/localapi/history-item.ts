import { type Attachment, type AttachmentView, shownAttachment } from "../../protocol/attachment.ts";
import { textOf } from "../../protocol/body-text.ts";
import { saysUnsigned } from "../../protocol/envelope-check.ts";
import type { MemberInfo } from "../../protocol/frames.ts";
import type { HistoryItem } from "../../protocol/local-api.ts";
import { envelopeNote } from "../../protocol/sender-agent.ts";
import type { CheckedPush, Directory, Outbox } from "../parts.ts";
import type { Self } from "../resolve-address.ts";

/**
 * A message of the broker's history, or of a queue, that was checked as a pushed one is. Fields as in the inbox, without what only
 * an inbox row has. Nothing of the body is shown of what is not its sender's, or cannot be opened here. What this member sealed
 * to others it cannot open itself: that is shown from the outbox while it is kept there.
 */
export function historyItem(
  checked: CheckedPush,
  directory: Directory | null,
  self: Self,
  sent: SentContent | null = null,
): HistoryItem {
  const { item, verified, invalid, undecryptable } = checked;
  const members = directory?.members ?? [];
  const place = {
    client_message_id: item.client_message_id,
    broker_message_id: item.broker_message_id,
    history_id: item.seq,
    epoch: item.epoch,
    accepted_at: item.accepted_at,
  };
  const { envelope } = item;
  if (envelope === null)
    return { ...place, verified: false, unavailable: invalid ?? item.stub_reason ?? "not available" };
  const { note, meta } = envelopeNote(envelope);
  const from = {
    member_id: envelope.sender,
    name: members.find((member) => member.member_id === envelope.sender)?.name ?? null,
    agent: note.agent,
  };
  const content = contentOf(checked, self, sent);
  if (content === null)
    return { ...place, from, verified: false, unavailable: invalid ?? undecryptable?.reason ?? "not available" };
  const { destination_kind: kind, destination_ref: ref } = envelope;
  const topic = kind === "topic" ? ref : null;
  const unsigned = saysUnsigned(envelope);
  return {
    ...place,
    from,
    to: topic !== null ? `#${topic}` : kind === "queue" ? `queue:${ref}` : dmAddress(ref, members, self),
    topic,
    content_type: envelope.content_type,
    message: textOf(envelope.content_type, Buffer.from(content.body)),
    body: Buffer.from(content.body).toString("base64url"),
    meta,
    mentions: envelope.mentions,
    reply_to: envelope.reply_to,
    priority: envelope.priority,
    hops: note.hops,
    encrypted: envelope.algorithm !== "none",
    // Its own bytes, told by the broker under its own fingerprint: its signature was checked like all others'.
    verified: verified || isOwnSealed(checked, self),
    via: unsigned ? envelope.key_id : null,
    sent_at: envelope.sent_at,
    attachments: content.attachments.map((file) => ("key" in file ? shownAttachment(file) : file)),
  };
}

export type SentContent = Pick<Outbox, "sentContent">;

/** What can be read of a message: as it was opened, or as the outbox has what this member sealed to others. null: nothing. */
export function contentOf(
  checked: CheckedPush,
  self: Self,
  sent: SentContent | null,
): { readonly body: Uint8Array; readonly attachments: readonly (Attachment | AttachmentView)[] } | null {
  const { item, invalid, body, attachments = [] } = checked;
  if (item.envelope === null || invalid !== null) return null;
  const { client_message_id: wireId, request_fingerprint: fingerprint } = item.envelope;
  if (isOwnSealed(checked, self)) return sent?.sentContent(wireId, fingerprint) ?? null;
  return body === null ? null : { body, attachments };
}

function isOwnSealed({ item, undecryptable }: CheckedPush, self: Self): boolean {
  return undecryptable !== null && item.envelope?.sender === self.memberId;
}

function dmAddress(ref: string, members: readonly MemberInfo[], self: Self): string {
  const [memberId = "", agent] = ref.split("/");
  const name =
    memberId === self.memberId
      ? self.name
      : (members.find((member) => member.member_id === memberId)?.name ?? memberId);
  return agent === undefined ? `@${name}` : `@${name}/${agent}`;
}
