import type { ConsistencyFinding, ExpiryNotice, KeptNotice } from "../store.ts";
import type { StoreCore } from "./core.ts";
import { compareMentions } from "./mentions.ts";

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

export function keepNotice(core: StoreCore, meshId: string, notice: ExpiryNotice, now: number): void {
  core
    .sql(
      "INSERT INTO notice (mesh_id, member, kind, client_message_id, destination, from_seq, to_seq, kept_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .run(
      meshId,
      notice.to,
      notice.kind,
      notice.client_message_id,
      notice.destination,
      notice.from_seq,
      notice.to_seq,
      now,
    );
}

export function takeNotices(core: StoreCore, meshId: string, memberId: string, limit: number): KeptNotice[] {
  return core
    .sql("SELECT * FROM notice WHERE mesh_id = ? AND member = ? ORDER BY id LIMIT ?")
    .all(meshId, memberId, limit)
    .map((row) => ({
      notice_id: Number(row["id"]),
      to: String(row["member"]),
      kind: row["kind"] === "gap" ? "gap" : "expired",
      client_message_id: row["client_message_id"] === null ? null : String(row["client_message_id"]),
      destination: String(row["destination"]),
      from_seq: Number(row["from_seq"]),
      to_seq: Number(row["to_seq"]),
    }));
}

export function dropNotices(core: StoreCore, meshId: string, memberId: string, noticeIds: readonly number[]): void {
  core.transaction(() => {
    for (const id of noticeIds)
      core.sql("DELETE FROM notice WHERE mesh_id = ? AND member = ? AND id = ?").run(meshId, memberId, id);
  });
}

/** Forgets notices and receipts that nobody fetched: their member has been away as long as messages are kept. */
export function expireKept(
  core: StoreCore,
  meshId: string,
  keptBefore: number,
  options: { limit: number; dryRun: boolean },
): number {
  const remove = (table: "notice" | "receipt"): number => {
    const due = `SELECT id FROM ${table} WHERE mesh_id = ? AND kept_at < ? ORDER BY id LIMIT ?`;
    const values = [meshId, keptBefore, options.limit] as const;
    if (options.dryRun) return Number(core.sql(`SELECT count(*) AS n FROM (${due})`).get(...values)?.["n"]);
    return Number(core.sql(`DELETE FROM ${table} WHERE id IN (${due})`).run(...values).changes);
  };
  return core.transaction(() => remove("notice") + remove("receipt"));
}

/**
 * Forgets records whose window is over and whose message is gone (a record never expires before its message), and void
 * claims as old; at most `limit` of both together.
 */
export function expireDedupe(
  core: StoreCore,
  meshId: string,
  now: number,
  options: { limit: number; dryRun: boolean },
): number {
  const remove = (table: "client_message_dedupe" | "void_claim", limit: number): number => {
    const gone = table === "void_claim" ? "" : "AND history_available = 0";
    const due = `SELECT client_message_id FROM ${table} WHERE mesh_id = ?1 AND expires_at IS NOT NULL AND expires_at < ?2 ${gone} LIMIT ?3`;
    if (options.dryRun) return Number(core.sql(`SELECT count(*) AS n FROM (${due})`).get(meshId, now, limit)?.["n"]);
    return Number(
      core.sql(`DELETE FROM ${table} WHERE mesh_id = ?1 AND client_message_id IN (${due})`).run(meshId, now, limit)
        .changes,
    );
  };
  return core.transaction(() => {
    const records = remove("client_message_dedupe", options.limit);
    return records < options.limit ? records + remove("void_claim", options.limit - records) : records;
  });
}

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

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
