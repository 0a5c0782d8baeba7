import type { ExpiryNotice } from "../store.ts";
import type { StoreCore } from "./core.ts";
import { keepNotice } from "./upkeep.ts";

/** Removes messages accepted before a time, oldest first. Who was still owed one, and who sent it, is noted in the same transaction. */
export function expireMessages(
  core: StoreCore,
  meshId: string,
  acceptedBefore: number,
  options: { afterSeq: number; limit: number; dryRun: boolean; now: number },
): { removed: number; notices: ExpiryNotice[]; lastSeq: number } {
  return core.transaction(() => {
    const rows = core
      .sql("SELECT * FROM message_queue WHERE mesh_id = ? AND seq > ? ORDER BY seq LIMIT ?")
      .all(meshId, options.afterSeq, options.limit);
    const notices: ExpiryNotice[] = [];
    let removed = 0;
    let lastSeq = options.afterSeq;
    for (const row of rows) {
      if (Number(row["accepted_at"]) >= acceptedBefore) break;
      removed += 1;
      const seq = Number(row["seq"]);
      lastSeq = seq;
      const destination = String(row["destination"]);
      const queue = destination.startsWith("queue:") ? destination.slice("queue:".length) : null;
      const owed = queue === null ? owedTo(core, meshId, destination, seq, String(row["sender"])) : [];
      for (const memberId of owed) {
        notices.push({
          to: memberId,
          kind: "gap",
          client_message_id: null,
          destination: destination.startsWith("dm:") ? "dm" : destination,
          from_seq: seq,
          to_seq: seq,
        });
      }
      if (owed.length > 0 || (queue !== null && queueHolds(core, meshId, queue, seq))) {
        const id = row["client_message_id"] === null ? null : String(row["client_message_id"]);
        notices.push({
          to: String(row["sender"]),
          kind: "expired",
          client_message_id: id,
          destination,
          from_seq: seq,
          to_seq: seq,
        });
      }
      if (options.dryRun) continue;
      core.sql("UPDATE client_message_dedupe SET history_available = 0 WHERE mesh_id = ? AND seq = ?").run(meshId, seq);
      core.sql("DELETE FROM mention_index WHERE mesh_id = ? AND seq = ?").run(meshId, seq);
      core.sql("DELETE FROM delivery_queue WHERE mesh_id = ? AND seq = ?").run(meshId, seq);
      core.sql("DELETE FROM message_queue WHERE mesh_id = ? AND seq = ?").run(meshId, seq);
    }
    if (!options.dryRun) for (const notice of notices) keepNotice(core, meshId, notice, options.now);
    return { removed, notices, lastSeq };
  });
}

/** Nobody has acknowledged it: a dead letter's sender, too, is told when it is gone. */
function queueHolds(core: StoreCore, meshId: string, queue: string, seq: number): boolean {
  const row = core
    .sql("SELECT state FROM delivery_queue WHERE mesh_id = ? AND queue = ? AND seq = ?")
    .get(meshId, queue, seq);
  return row !== undefined && row["state"] !== "done";
}

function owedTo(core: StoreCore, meshId: string, destination: string, seq: number, sender: string): string[] {
  const rows = destination.startsWith("dm:")
    ? core
        .sql("SELECT member_id FROM cursor WHERE mesh_id = ? AND member_id = ? AND destination = 'dm' AND seq < ?")
        .all(meshId, destination.slice(3), seq)
    : core
        .sql(
          `SELECT c.member_id FROM subscription s JOIN cursor c ON c.mesh_id = s.mesh_id AND c.member_id = s.member_id AND c.destination = ?
            WHERE s.mesh_id = ? AND s.topic_id = ? AND c.seq < ? AND s.first_seq < ? AND (s.last_seq IS NULL OR s.last_seq >= ?) AND s.member_id <> ?`,
        )
        .all(destination, meshId, destination.slice("topic:".length), seq, seq, seq, sender);
  return rows.map((row) => String(row["member_id"]));
}
