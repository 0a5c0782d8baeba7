import { saysUnsigned } from "../../protocol/envelope-check.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import type { PushItem } from "../../protocol/frames.ts";
import type { UndecryptableView } from "../../protocol/local-api.ts";
import { envelopeNote } from "../../protocol/sender-agent.ts";
import { rfc3339 } from "../../protocol/time.ts";
import type { CheckedPush, Undecryptable } from "../parts.ts";
import type { InboxQueries } from "./queries.ts";
import { emptyTally, storePush, type Tally } from "./store-push.ts";
import type { UndecryptableRow } from "./undecryptable-queries.ts";

/** Messages that are kept sealed: beyond it the oldest goes for the newest, first of those that nothing can still come for. */
const sealedMax = 10_000;
/** Messages that are looked at again in one commit: each costs as much as a push. */
const retryChunk = 64;

/**
 * Keeps a message that cannot be opened now, in the caller's transaction. Of a direct message that no key could still come for, its
 * sender is told by a receipt, and may seal it again.
 */
export function keepSealed(
  queries: InboxQueries,
  item: PushItem & { readonly envelope: Envelope },
  why: Undecryptable,
  now: number,
  tally: Tally,
): void {
  const { envelope } = item;
  const { sender, client_message_id: id } = envelope;
  const known = queries.isKnown(sender, id) || queries.isSuperseded(sender, id);
  if (known || !queries.keepSealed(item, why, now)) {
    tally.duplicates += 1;
    if (!known) tellSender(queries, envelope, why, now);
    return;
  }
  tally.undecryptable += 1;
  if (queries.sealedCount() > sealedMax) giveUpOldest(queries, now);
  queries.addEvent("undecryptable", now, null, JSON.stringify(told(item, why)));
  tellSender(queries, envelope, why, now);
}

/** Looks again at a chunk of what is kept, above a row. `last` null: there was no more. */
export function retryChunkOf(
  queries: InboxQueries,
  check: (item: PushItem) => CheckedPush,
  own: { readonly memberId: string },
  from: { readonly after: number; readonly all: boolean },
  now: number,
): { readonly last: number | null; readonly decided: number; readonly receipts: boolean } {
  const rows = from.all ? queries.sealedAfter(from.after, retryChunk) : queries.waitingAfter(from.after, retryChunk);
  let decided = 0;
  for (const row of rows) {
    const push = check(JSON.parse(row.item) as PushItem);
    const { envelope } = push.item;
    if (push.undecryptable !== null && envelope !== null) {
      if (push.undecryptable.code !== row.code || push.undecryptable.reason !== row.reason) {
        queries.sayOfSealed(row.id, push.undecryptable);
        tellSender(queries, envelope, push.undecryptable, now);
      }
      continue;
    }
    queries.dropSealed(row.id);
    storePush(queries, push, own, now, emptyTally());
    decided += 1;
  }
  return { last: rows.length < retryChunk ? null : (rows.at(-1)?.id ?? null), decided, receipts: rows.length > 0 };
}

/** Gives up what is too old, as bodies are. Returns how many. */
export function forgetSealed(queries: InboxQueries, before: number, limit: number, now: number): number {
  const rows = queries.sealedBefore(before, limit);
  for (const row of rows) giveUp(queries, row, now);
  return rows.length;
}

export function undecryptableView(
  row: UndecryptableRow,
  nameOf: (memberId: string) => string | null,
): UndecryptableView {
  const item = JSON.parse(row.item) as PushItem & { readonly envelope: Envelope };
  return {
    history_id: row.seq,
    epoch: row.epoch,
    client_message_id: row.client_message_id,
    from: { member_id: row.sender, name: nameOf(row.sender), agent: envelopeNote(item.envelope).note.agent },
    to: addressed(item.envelope),
    code: row.code,
    reason: row.reason,
    final: row.final === 1,
    accepted_at: item.accepted_at,
    since: rfc3339(row.since),
  };
}

function giveUpOldest(queries: InboxQueries, now: number): void {
  const row = queries.oldestSealed();
  if (row !== null) giveUp(queries, row, now);
}

/** Nothing goes without a word. */
function giveUp(queries: InboxQueries, row: UndecryptableRow, now: number): void {
  const item = JSON.parse(row.item) as PushItem;
  queries.dropSealed(row.id);
  const data = { destination: item.destination, history_id: row.seq, reason: `given up sealed: ${row.reason}` };
  queries.addEvent("gap", now, null, JSON.stringify(data));
}

/** Once, however often it comes; and only of what its sender has signed. */
function tellSender(queries: InboxQueries, envelope: Envelope, why: Undecryptable, now: number): void {
  if (!why.forGood || envelope.destination_kind !== "dm" || saysUnsigned(envelope)) return;
  const { sender, client_message_id: id, request_fingerprint: fingerprint } = envelope;
  queries.addReceiptAgain(sender, id, fingerprint, "undecryptable", rfc3339(now));
}

function told({ envelope, seq }: PushItem & { readonly envelope: Envelope }, why: Undecryptable) {
  return {
    history_id: seq,
    client_message_id: envelope.client_message_id,
    from: { member_id: envelope.sender },
    to: addressed(envelope),
    code: why.code,
    reason: why.reason,
    final: why.forGood,
  };
}

function addressed({ destination_kind: kind, destination_ref: ref }: Envelope): string {
  if (kind === "topic") return `#${ref}`;
  return kind === "queue" ? `queue:${ref}` : `@${ref}`;
}
