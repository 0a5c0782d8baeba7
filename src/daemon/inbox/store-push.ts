import { saysUnsigned } from "../../protocol/envelope-check.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import type { PushItem } from "../../protocol/frames.ts";
import { rfc3339 } from "../../protocol/time.ts";
import type { CheckedPush } from "../parts.ts";
import { keepSealed } from "./keep-sealed.ts";
import type { InboxQueries } from "./queries.ts";
import { addContent, pushOfRestored, viaOf } from "./restore-push.ts";
import type { InboxRow } from "./row.ts";

export interface Tally {
  stored: number;
  duplicates: number;
  invalid: number;
  undecryptable: number;
}

export function emptyTally(): Tally {
  return { stored: 0, duplicates: 0, invalid: 0, undecryptable: 0 };
}

/**
 * Writes one pushed item: the message under (sender, id), its text, mentions and events, the position it came with, and
 * for a dm the `delivered` receipt: all in the caller's transaction, so that none of them is ever ahead of the message.
 * A message that cannot be shown is kept with its reason and answered to nobody; one that cannot be opened now is kept sealed.
 */
export function storePush(
  queries: InboxQueries,
  push: CheckedPush,
  own: { readonly memberId: string },
  now: number,
  tally: Tally,
): void {
  const { item } = push;
  const { envelope } = item;
  queries.notePosition(item.position, now);
  if (envelope === null) {
    if (!queries.insertPlace(item, now)) {
      tally.duplicates += 1;
      return;
    }
    queries.addEvent(
      "gap",
      now,
      null,
      JSON.stringify({ destination: item.destination, history_id: item.seq, reason: item.stub_reason ?? "not pushed" }),
    );
    tally.invalid += 1;
    return;
  }
  if (push.undecryptable !== null) return keepSealed(queries, { ...item, envelope }, push.undecryptable, now, tally);
  const read = { ...push, item: { ...item, envelope } };
  const again = push.invalid === null ? pushOfRestored(queries, read, now) : null;
  const row = again?.row ?? rowOfPush(queries, read, now, 0);
  const id = again?.id ?? queries.insert(row);
  if (id === null) {
    tally.duplicates += 1;
    tellAgain(queries, envelope);
    return;
  }
  if (push.invalid !== null) {
    tally.invalid += 1;
    return;
  }
  tally.stored += 1;
  if (envelope.supersedes !== null && !saysUnsigned(envelope))
    queries.dropSealedMessage(envelope.sender, envelope.supersedes);
  if (again === null) addContent(queries, row, push, id);
  if (row.shown === 1) {
    queries.addEvent("message", now, id, "{}");
    if (envelope.mentions.includes(own.memberId)) queries.addEvent("mention", now, id, "{}");
  }
  if (envelope.destination_kind === "dm") {
    queries.addReceipt(
      envelope.sender,
      envelope.client_message_id,
      envelope.request_fingerprint,
      "delivered",
      rfc3339(now),
    );
  }
}

/** The row of a message, shown unless it is invalid, superseded, or takes the place of one that was shown. */
export function rowOfPush(
  queries: InboxQueries,
  push: CheckedPush & { readonly item: PushItem & { readonly envelope: Envelope } },
  now: number,
  restored: InboxRow["restored"],
): Omit<InboxRow, "id" | "injected_at" | "read_at"> {
  const { item } = push;
  const { envelope } = item;
  const superseded = queries.isSuperseded(envelope.sender, envelope.client_message_id);
  const replacesKnown = envelope.supersedes !== null && queries.isKnown(envelope.sender, envelope.supersedes);
  const agent =
    envelope.destination_kind === "dm" && envelope.destination_ref.length > 64
      ? envelope.destination_ref.slice(65)
      : null;
  return {
    sender: envelope.sender,
    // What could not be proven must not take the place of the true message of that (sender, id).
    client_message_id: push.invalid === null ? envelope.client_message_id : null,
    epoch: item.epoch,
    seq: item.seq,
    broker_message_id: item.broker_message_id,
    request_fingerprint: envelope.request_fingerprint,
    topic: envelope.destination_kind === "topic" ? envelope.destination_ref : null,
    agent,
    from_name: push.fromName,
    content_type: envelope.content_type,
    body: push.body,
    meta: envelope.meta,
    mentions: JSON.stringify(envelope.mentions),
    reply_to: envelope.reply_to,
    supersedes: envelope.supersedes,
    priority: envelope.priority,
    algorithm: envelope.algorithm,
    verified: push.verified ? 1 : 0,
    shown: push.invalid === null && !superseded && !replacesKnown ? 1 : 0,
    invalid: push.invalid,
    sent_at: envelope.sent_at,
    accepted_at: item.accepted_at,
    received_at: now,
    attachments:
      push.attachments === undefined || push.attachments.length === 0 ? "" : JSON.stringify(push.attachments),
    via: viaOf(envelope),
    restored,
  };
}

/**
 * A broker that lost its log's end lost the receipts that it kept for senders that were away; the sender's message comes again, and
 * nothing else would ever tell it more. To a sender that knows it is nothing new.
 */
function tellAgain(queries: InboxQueries, envelope: Envelope): void {
  if (envelope.destination_kind !== "dm" || saysUnsigned(envelope)) return;
  const { sender, client_message_id: id, request_fingerprint: fingerprint } = envelope;
  const told = queries.told(sender, id, fingerprint);
  if (told === null) return;
  queries.addReceiptAgain(sender, id, fingerprint, "delivered", rfc3339(told.received_at));
  if (told.injected_at !== null)
    queries.addReceiptAgain(sender, id, fingerprint, "injected", rfc3339(told.injected_at));
  if (told.read_at !== null) queries.addReceiptAgain(sender, id, fingerprint, "read", rfc3339(told.read_at));
}
