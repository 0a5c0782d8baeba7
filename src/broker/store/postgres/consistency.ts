import type { ConsistencyFinding } from "../store.ts";
import type { Sql, StoreCore } from "./core.ts";
import { compareMentions, type Mention } from "./mentions.ts";

/**
 * Record ↔ message ↔ mention ↔ queue row, and the log without holes, for `limit` sequence numbers above `afterSeq`;
 * `next` is where the following call goes on, null at the head. All is looked at in one snapshot: between two, accepting and
 * retention go on.
 */
export function checkConsistency(
  core: StoreCore,
  meshId: string,
  afterSeq: number,
  limit: number,
): Promise<{ findings: ConsistencyFinding[]; next: number | null }> {
  return core.snapshot(async (tx) => {
    const [head] = await tx.rows("SELECT seq FROM mesh.mesh_head WHERE mesh_id = $1", [meshId]);
    const to = afterSeq + limit;
    const findings: ConsistencyFinding[] = [];
    for (const { kind, text } of checks) {
      for (const row of await tx.rows(text, [meshId, afterSeq, to]))
        findings.push({ kind, seq: Number(row["seq"]), client_message_id: textOrNull(row["client_message_id"]) });
    }
    findings.push(...(await wrongMentions(tx, meshId, afterSeq, to)));
    return { findings, next: to < Number(head?.["seq"] ?? 0) ? to : null };
  });
}

/** Each finds rows of the mesh $1 with seq in ($2, $3]. */
const checks: readonly { readonly kind: ConsistencyFinding["kind"]; readonly text: string }[] = [
  {
    kind: "record_without_message",
    text: `SELECT d.seq, d.client_message_id FROM mesh.client_message_dedupe d LEFT JOIN mesh.message_queue m
        ON m.mesh_id = d.mesh_id AND m.seq = d.seq AND m.client_message_id = d.client_message_id
      WHERE d.mesh_id = $1 AND d.seq > $2 AND d.seq <= $3 AND d.history_available AND m.seq IS NULL`,
  },
  {
    kind: "message_without_record",
    text: `SELECT m.seq, m.client_message_id FROM mesh.message_queue m LEFT JOIN mesh.client_message_dedupe d
        ON d.mesh_id = m.mesh_id AND d.client_message_id = m.client_message_id
      WHERE m.mesh_id = $1 AND m.seq > $2 AND m.seq <= $3 AND m.client_message_id IS NOT NULL AND d.seq IS NULL`,
  },
  {
    kind: "mention_without_message",
    text: `SELECT i.seq, NULL AS client_message_id FROM mesh.mention_index i LEFT JOIN mesh.message_queue m
        ON m.mesh_id = i.mesh_id AND m.seq = i.seq WHERE i.mesh_id = $1 AND i.seq > $2 AND i.seq <= $3 AND m.seq IS NULL`,
  },
  {
    kind: "queue_row_without_message",
    text: `SELECT q.seq, NULL AS client_message_id FROM mesh.delivery_queue q LEFT JOIN mesh.message_queue m
        ON m.mesh_id = q.mesh_id AND m.seq = q.seq WHERE q.mesh_id = $1 AND q.seq > $2 AND q.seq <= $3 AND m.seq IS NULL`,
  },
  {
    // Of a queue that is there: a message below its first_seq belonged to an earlier one of the name.
    kind: "queue_message_without_row",
    text: `SELECT m.seq, m.client_message_id FROM mesh.message_queue m
        JOIN mesh.queue k ON k.mesh_id = m.mesh_id AND k.name = substr(m.destination, 7) AND m.seq > k.first_seq
        LEFT JOIN mesh.delivery_queue q ON q.mesh_id = m.mesh_id AND q.queue = k.name AND q.seq = m.seq
      WHERE m.mesh_id = $1 AND m.seq > $2 AND m.seq <= $3 AND m.destination LIKE 'queue:%' AND q.seq IS NULL`,
  },
  {
    kind: "sequence_gap",
    text: `SELECT m.seq + 1 AS seq, NULL AS client_message_id FROM mesh.message_queue m WHERE m.mesh_id = $1 AND m.seq > $2 AND m.seq <= $3
        AND NOT EXISTS (SELECT 1 FROM mesh.message_queue n WHERE n.mesh_id = m.mesh_id AND n.seq = m.seq + 1)
        AND m.seq < (SELECT h.seq FROM mesh.mesh_head h WHERE h.mesh_id = m.mesh_id)`,
  },
];

/** Superfluous ones without a message are found by a check of their own. */
async function wrongMentions(tx: Sql, meshId: string, afterSeq: number, to: number): Promise<ConsistencyFinding[]> {
  const { missing, superfluous } = await compareMentions(tx, meshId, afterSeq, to);
  const finding =
    (kind: ConsistencyFinding["kind"]) =>
    ({ seq, clientMessageId }: Mention): ConsistencyFinding[] =>
      clientMessageId === undefined ? [] : [{ kind, seq, client_message_id: clientMessageId }];
  return [...missing.flatMap(finding("missing_mention")), ...superfluous.flatMap(finding("superfluous_mention"))];
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
