import { textOf } from "../../protocol/body-text.ts";
import { saysUnsigned } from "../../protocol/envelope-check.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import type { PushItem } from "../../protocol/frames.ts";
import { rfc3339 } from "../../protocol/time.ts";
import type { CheckedPush } from "../parts.ts";
import { keepSealed } from "./keep-sealed.ts";
import type { InboxQueries } from "./queries.ts";
import type { InboxRow } from "./row.ts";
import { emptyTally, rowOfPush } from "./store-push.ts";

/** Those that a message which nobody has signed keeps apart. */
export function viaOf(envelope: Envelope): string {
  return saysUnsigned(envelope) ? envelope.key_id : "";
}

/**
 * Puts a message of the broker's history into an inbox that was made anew, in the caller's transaction: in its old place where that was
 * saved, else behind what is there. Listeners are not told, since they were when it came first. True when it was missing.
 */
export function restorePush(queries: InboxQueries, push: CheckedPush, now: number): boolean {
  const { item } = push;
  const { envelope } = item;
  if (envelope === null || push.invalid !== null) return false;
  if (push.undecryptable !== null) {
    const tally = emptyTally();
    keepSealed(queries, { ...item, envelope }, push.undecryptable, now, tally);
    return tally.undecryptable > 0;
  }
  const known = queries.restoredRow(envelope.sender, envelope.client_message_id, viaOf(envelope));
  if (known !== null && known.restored !== 2) return false;
  const read = rowOfPush(queries, { ...push, item: { ...item, envelope } }, now, 1);
  // It was shown: what it supersedes, or what came to supersede it, was decided then.
  const row: typeof read = known === null ? read : { ...read, shown: 1 };
  if (known !== null) queries.putBack(known.id, row);
  const id = known?.id ?? queries.insert(row);
  if (id === null) return false;
  addContent(queries, row, push, id);
  tellOnce(queries, envelope, known ?? { received_at: now, injected_at: null, read_at: null });
  return true;
}

/**
 * The broker pushes what an inbox that was made anew has, or had, already: its acknowledgement was lost with the old one, or never went
 * out. Then it is new to listeners, as far as anybody knows; what they are told says that it is restored. Null: it is no such message.
 */
export function pushOfRestored(
  queries: InboxQueries,
  push: CheckedPush & { readonly item: PushItem & { readonly envelope: Envelope } },
  now: number,
): { readonly id: number; readonly row: Omit<InboxRow, "id" | "injected_at" | "read_at"> } | null {
  const { envelope } = push.item;
  const known = queries.restoredRow(envelope.sender, envelope.client_message_id, viaOf(envelope));
  if (known === null || known.restored === 3) return null;
  const row = { ...rowOfPush(queries, push, now, 3), shown: known.restored === 2 ? 1 : known.shown } as const;
  if (known.restored === 2) {
    queries.putBack(known.id, row);
    addContent(queries, row, push, known.id);
  } else queries.markRestored(known.id, 3);
  return { id: known.id, row };
}

/** What is searched and found by: the text, and whom it mentions. */
export function addContent(
  queries: InboxQueries,
  row: Omit<InboxRow, "id" | "injected_at" | "read_at">,
  push: CheckedPush,
  id: number,
): void {
  if (row.shown === 0) return;
  const text = push.body === null ? null : textOf(row.content_type, push.body);
  if (text !== null) queries.addText(id, text);
  for (const mention of push.item.envelope?.mentions ?? []) queries.addMention(mention, id);
}

/** The receipts that waited in the old inbox are lost; to a sender that has them they are nothing new. */
function tellOnce(
  queries: InboxQueries,
  envelope: Envelope,
  at: Pick<InboxRow, "received_at" | "injected_at" | "read_at">,
): void {
  if (envelope.destination_kind !== "dm" || saysUnsigned(envelope)) return;
  const { sender, client_message_id: id, request_fingerprint: fingerprint } = envelope;
  queries.addReceiptAgain(sender, id, fingerprint, "delivered", rfc3339(at.received_at));
  if (at.injected_at !== null) queries.addReceiptAgain(sender, id, fingerprint, "injected", rfc3339(at.injected_at));
  if (at.read_at !== null) queries.addReceiptAgain(sender, id, fingerprint, "read", rfc3339(at.read_at));
}
