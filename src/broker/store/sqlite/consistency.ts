import { textOrNull } from "../read-row.ts";
import type { ConsistencyFinding } from "../store.ts";
import type { StoreCore } from "./core.ts";
import { compareMentions } from "./mentions.ts";

/**
 * Record ↔ message ↔ mention ↔ queue row, and the log without holes, for `limit` sequence numbers above `afterSeq`;
 * `next` is where the following call goes on, null at the head.
 */
export function checkConsistency(
  core: StoreCore,
  meshId: string,
  afterSeq: number,
  limit: number,
): { findings: ConsistencyFinding[]; next: number | null } {
  const head = Number(core.sql("SELECT seq FROM mesh_head WHERE mesh_id = ?").get(meshId)?.["seq"] ?? 0);
  const to = afterSeq + limit;
  const findings = checks.flatMap(({ kind, text }) =>
    core
      .sql(text)
      .all(meshId, afterSeq, to)
      .map((row) => ({ kind, seq: Number(row["seq"]), client_message_id: textOrNull(row["client_message_id"]) })),
  );
  return { findings: [...findings, ...wrongMentions(core, meshId, afterSeq, to)], next: to < head ? to : null };
}

/** Each finds rows of one mesh with seq in (after, to]. */
const checks: readonly { readonly kind: ConsistencyFinding["kind"]; readonly text: string }[] = [
  {
    kind: "record_without_message",
    text: `SELECT d.seq, d.client_message_id FROM client_message_dedupe d LEFT JOIN message_queue m
        ON m.mesh_id = d.mesh_id AND m.seq = d.seq AND m.client_message_id = d.client_message_id
      WHERE d.mesh_id = ? AND d.seq > ? AND d.seq <= ? AND d.history_available = 1 AND m.seq IS NULL`,
  },
  {
    kind: "message_without_record",
    text: `SELECT m.seq, m.client_message_id FROM message_queue m LEFT JOIN client_message_dedupe d
        ON d.mesh_id = m.mesh_id AND d.client_message_id = m.client_message_id
      WHERE m.mesh_id = ? AND m.seq > ? AND m.seq <= ? AND m.client_message_id IS NOT NULL AND d.seq IS NULL`,
  },
  {
    kind: "mention_without_message",
    text: `SELECT i.seq, NULL AS client_message_id FROM mention_index i LEFT JOIN message_queue m
        ON m.mesh_id = i.mesh_id AND m.seq = i.seq WHERE i.mesh_id = ? AND i.seq > ? AND i.seq <= ? AND m.seq IS NULL`,
  },
  {
    kind: "queue_row_without_message",
    text: `SELECT q.seq, NULL AS client_message_id FROM delivery_queue q LEFT JOIN message_queue m
        ON m.mesh_id = q.mesh_id AND m.seq = q.seq WHERE q.mesh_id = ? AND q.seq > ? AND q.seq <= ? AND m.seq IS NULL`,
  },
  {
    // Of a queue that is there: a message below its first_seq belonged to an earlier one of the name.
    kind: "queue_message_without_row",
    text: `SELECT m.seq, m.client_message_id FROM message_queue m
        JOIN queue k ON k.mesh_id = m.mesh_id AND k.name = substr(m.destination, 7) AND m.seq > k.first_seq
        LEFT JOIN delivery_queue q ON q.mesh_id = m.mesh_id AND q.queue = k.name AND q.seq = m.seq
      WHERE m.mesh_id = ? AND m.seq > ? AND m.seq <= ? AND m.destination GLOB 'queue:*' AND q.seq IS NULL`,
  },
  {
    kind: "sequence_gap",
    text: `SELECT seq + 1 AS seq, NULL AS client_message_id FROM message_queue m WHERE m.mesh_id = ? AND m.seq > ? AND m.seq <= ?
        AND NOT EXISTS (SELECT 1 FROM message_queue n WHERE n.mesh_id = m.mesh_id AND n.seq = m.seq + 1)
        AND m.seq < (SELECT seq FROM mesh_head h WHERE h.mesh_id = m.mesh_id)`,
  },
];

/** Superfluous ones without a message are found by a check of their own. */
function wrongMentions(core: StoreCore, meshId: string, afterSeq: number, to: number): ConsistencyFinding[] {
  const clientId = (seq: number): string | null | undefined => {
    const row = core.sql("SELECT client_message_id FROM message_queue WHERE mesh_id = ? AND seq = ?").get(meshId, seq);
    return row === undefined ? undefined : textOrNull(row["client_message_id"]);
  };
  const { missing, superfluous } = compareMentions(core, meshId, afterSeq, to);
  const finding =
    (kind: ConsistencyFinding["kind"]) =>
    ({ seq }: { seq: number }): ConsistencyFinding[] => {
      const id = clientId(seq);
      return id === undefined ? [] : [{ kind, seq, client_message_id: id }];
    };
  return [...missing.flatMap(finding("missing_mention")), ...superfluous.flatMap(finding("superfluous_mention"))];
}
