import type { DatabaseSync } from "node:sqlite";
import type { Position } from "../protocol/frames.ts";

/** At most as many as a hello may carry: one for each start of the broker. */
const positionsMax = 16;

/**
 * The furthest place of the broker's log, per incarnation, that this database holds durably. Inbox and outbox each keep
 * their own, since two databases do not commit as one.
 */
export function positionQueries(db: DatabaseSync) {
  const note = db.prepare(
    `INSERT INTO position (incarnation, epoch, seq, broker_message_id, mac, noted_at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (incarnation) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq,
       broker_message_id = excluded.broker_message_id, mac = excluded.mac, noted_at = excluded.noted_at
     WHERE excluded.seq > seq OR excluded.epoch > epoch`,
  );
  const newest = db.prepare(
    "SELECT incarnation, epoch, seq, broker_message_id, mac FROM position ORDER BY noted_at DESC, seq DESC LIMIT ?",
  );
  const forget = db.prepare(
    "DELETE FROM position WHERE incarnation NOT IN (SELECT incarnation FROM position ORDER BY noted_at DESC, seq DESC LIMIT ?)",
  );
  return {
    notePosition: ({ incarnation, epoch, seq, broker_message_id, mac }: Position, now: number) =>
      note.run(incarnation, epoch, seq, broker_message_id, mac, now),
    /** Newest first. */
    positions: () => newest.all(positionsMax) as unknown as Position[],
    forgetPositions: () => forget.run(positionsMax),
  };
}
