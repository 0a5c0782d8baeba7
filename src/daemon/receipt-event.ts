import { rfc3339 } from "../protocol/time.ts";
import { type OutboxRow, stages } from "./outbox/row.ts";

/** What listeners are told of a row: the newest stage that is true, and why it ended if it did not get there. */
export function receiptEvent(row: OutboxRow): { event: "receipt"; data: Record<string, unknown> } {
  const newest = stages(row).at(-1);
  return {
    event: "receipt",
    data: {
      client_message_id: row.client_message_id,
      outbox_id: row.id,
      status: row.status,
      ...(newest === undefined ? {} : { stage: newest.stage, at: rfc3339(newest.at) }),
      ...(row.reached === null || row.reached_of === null
        ? {}
        : { delivered_to: { reached: row.reached, of: row.reached_of } }),
      ...(row.last_error === null ? {} : { last_error: JSON.parse(row.last_error) as unknown }),
    },
  };
}
