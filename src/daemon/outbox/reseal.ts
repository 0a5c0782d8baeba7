import type { Envelope } from "../../protocol/envelope.ts";
import { newUuidV7 } from "../../protocol/ids.ts";
import type { OutboxCore } from "./outbox.ts";
import { copyOf } from "./operator.ts";
import type { OutboxRow } from "./row.ts";

const cannotOpen = "its receiver has no key that opens it";

/**
 * The receiver said, signed, that it will never open a direct message. If its key is another one now the message is sealed again, once,
 * in a row that supersedes this one; else the row says so. In the caller's transaction.
 */
export function resealOrSay(core: OutboxCore, row: OutboxRow): void {
  if (row.superseded_by !== null || row.status !== "done") return;
  const created = hasOtherKeyNow(core, row) ? sealAgain(core, row) : null;
  const message =
    created === null
      ? `${cannotOpen}; send it again once it has`
      : `${cannotOpen}; row ${created} is sealed to its new key`;
  core.queries.undecryptable(row.id, created, JSON.stringify({ code: "undecryptable", message }));
}

function hasOtherKeyNow(core: OutboxCore, row: OutboxRow): boolean {
  if (row.resealed === 1 || row.body === null || row.envelope === null) return false;
  const key = core.options.recipientKey(row.destination_ref.slice(0, 64));
  return key !== null && key !== (JSON.parse(row.envelope) as Envelope).sealed_to;
}

function sealAgain(core: OutboxCore, row: OutboxRow): number {
  const now = core.options.clock.now();
  const id = core.queries.insert({
    ...copyOf(core, row),
    client_message_id: newUuidV7(now),
    minted: 1,
    enqueued_at: now,
    resealed: 1,
  });
  core.moved(null, "pending");
  core.order.add(row.destination);
  return id;
}
