import type { ConsistencyFinding } from "../store.ts";
import type { StoreCore } from "./core.ts";

/** Findings of one kind that a run reports at most. */
const findingsMax = 1_000;

/** Each query names what contradicts the accept transaction's promise that these rows appear and go together. */
const queries: readonly { readonly kind: ConsistencyFinding["kind"]; readonly sql: string }[] = [
  {
    kind: "record_without_message",
    sql: `SELECT d.seq, d.client_message_id FROM client_message_dedupe d WHERE d.mesh_id = ?1 AND d.history_available = 1 AND NOT EXISTS
            (SELECT 1 FROM message_queue m WHERE m.mesh_id = d.mesh_id AND m.seq = d.seq AND m.client_message_id = d.client_message_id)`,
  },
  {
    kind: "message_without_record",
    sql: `SELECT m.seq, m.client_message_id FROM message_queue m WHERE m.mesh_id = ?1 AND m.client_message_id IS NOT NULL AND NOT EXISTS
            (SELECT 1 FROM client_message_dedupe d WHERE d.mesh_id = m.mesh_id AND d.client_message_id = m.client_message_id AND d.seq = m.seq)`,
  },
  {
    kind: "mention_without_message",
    sql: `SELECT i.seq, NULL AS client_message_id FROM mention_index i WHERE i.mesh_id = ?1 AND NOT EXISTS
            (SELECT 1 FROM message_queue m, json_each(m.envelope, '$.mentions') e
             WHERE m.mesh_id = i.mesh_id AND m.seq = i.seq AND e.value = i.member)`,
  },
  {
    kind: "missing_mention",
    sql: `SELECT m.seq, m.client_message_id FROM message_queue m, json_each(m.envelope, '$.mentions') e WHERE m.mesh_id = ?1 AND NOT EXISTS
            (SELECT 1 FROM mention_index i WHERE i.mesh_id = m.mesh_id AND i.member = e.value AND i.seq = m.seq)`,
  },
  {
    kind: "queue_row_without_message",
    sql: `SELECT q.seq, NULL AS client_message_id FROM delivery_queue q WHERE q.mesh_id = ?1 AND NOT EXISTS
            (SELECT 1 FROM message_queue m WHERE m.mesh_id = q.mesh_id AND m.seq = q.seq AND m.destination = 'queue:' || q.queue)`,
  },
  {
    // The first missing number of each hole, the one after the last message included.
    kind: "sequence_gap",
    sql: `SELECT seq + 1 AS seq, NULL AS client_message_id FROM
            (SELECT m.seq, lead(m.seq, 1, (SELECT h.seq + 1 FROM mesh_head h WHERE h.mesh_id = ?1)) OVER (ORDER BY m.seq) AS following
             FROM message_queue m WHERE m.mesh_id = ?1)
          WHERE following <> seq + 1`,
  },
];

/** Record ↔ message ↔ mention ↔ queue row, and the log without holes from its oldest message to the head. */
export function checkConsistency(core: StoreCore, meshId: string): ConsistencyFinding[] {
  return queries.flatMap(({ kind, sql }) =>
    core.sql(`${sql} LIMIT ?2`).all(meshId, findingsMax).map((row): ConsistencyFinding => ({
      kind,
      seq: row["seq"] === null ? null : Number(row["seq"]),
      client_message_id: typeof row["client_message_id"] === "string" ? row["client_message_id"] : null,
    })));
}
