import { rfc3339 } from "../../protocol/time.ts";
import type { InboxQueries } from "./queries.ts";
import type { InboxRow } from "./row.ts";

/**
 * A message was handed to a live session: noted once, with the receipt that tells the sender of a direct message, in the caller's
 * transaction. True when it leaves a receipt.
 */
export function injectMessage(queries: InboxQueries, row: InboxRow, now: number): boolean {
  return queries.markInjected(row.id, now) && addReceipt(queries, row, "injected", now);
}

/** A message was read, as above. Of a direct message nothing more is offered to anybody. */
export function readMessage(queries: InboxQueries, row: InboxRow, now: number): boolean {
  if (!queries.markRead(row.id, now)) return false;
  if (row.topic === null) queries.endOffersOf(row.id, now);
  return addReceipt(queries, row, "read", now);
}

function addReceipt(queries: InboxQueries, row: InboxRow, state: "injected" | "read", now: number): boolean {
  if (row.topic !== null || row.client_message_id === null || row.request_fingerprint === null) return false;
  queries.addReceipt(row.sender, row.client_message_id, row.request_fingerprint, state, rfc3339(now));
  return true;
}
