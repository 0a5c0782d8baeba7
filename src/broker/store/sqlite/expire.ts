import type { SQLInputValue } from "node:sqlite";
import type { ExpiryNotice, KeptNotice } from "../store.ts";
import type { StoreCore } from "./core.ts";
import { dropIntervals } from "./topics.ts";

type Row = Record<string, SQLInputValue>;
interface Chunk { readonly limit: number; readonly dryRun: boolean }

/**
 * Removes messages accepted before a time, from the front of the log, so that what remains has no holes. Who was still
 * owed one, and who sent it, is noted in the same transaction.
 */
export function expireMessages(core: StoreCore, meshId: string, acceptedBefore: number, chunk: Chunk): { removed: number; notices: ExpiryNotice[] } {
  const work = () => {
    const rows = core
      .sql(
        `SELECT seq, client_message_id, sender, destination, accepted_at, json_extract(envelope, '$.mentions') AS mentions
           FROM message_queue WHERE mesh_id = ? ORDER BY seq LIMIT ?`,
      )
      .all(meshId, chunk.limit);
    const kept = rows.findIndex((row) => Number(row["accepted_at"]) >= acceptedBefore);
    const due = kept < 0 ? rows : rows.slice(0, kept);
    const notices = noticesOf(core, meshId, due);
    if (!chunk.dryRun && due.length > 0) {
      for (const row of due) removeMessage(core, meshId, row);
      for (const notice of notices) keepNotice(core, meshId, notice);
      dropIntervals(core, meshId, {}, Number(due.at(-1)?.["seq"]));
    }
    return { removed: due.length, notices };
  };
  return chunk.dryRun ? work() : core.transaction(work);
}

/** Forgets records and void claims whose window is over; a record never before its message. */
export function expireDedupe(core: StoreCore, meshId: string, now: number, chunk: Chunk): number {
  const work = () => {
    const records = core
      .sql(
        `SELECT client_message_id AS id FROM client_message_dedupe
          WHERE mesh_id = ? AND expires_at <= ? AND history_available = 0 AND expires_at IS NOT NULL LIMIT ?`,
      )
      .all(meshId, now, chunk.limit);
    const claims = core
      .sql("SELECT client_message_id AS id FROM void_claim WHERE mesh_id = ? AND expires_at <= ? AND expires_at IS NOT NULL LIMIT ?")
      .all(meshId, now, chunk.limit - records.length);
    if (!chunk.dryRun) {
      for (const { id } of records) core.sql("DELETE FROM client_message_dedupe WHERE mesh_id = ? AND client_message_id = ?").run(meshId, String(id));
      for (const { id } of claims) core.sql("DELETE FROM void_claim WHERE mesh_id = ? AND client_message_id = ?").run(meshId, String(id));
    }
    return records.length + claims.length;
  };
  return chunk.dryRun ? work() : core.transaction(work);
}

/** Oldest first; they stay until dropped. */
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
    for (const id of noticeIds) core.sql("DELETE FROM notice WHERE mesh_id = ? AND member = ? AND id = ?").run(meshId, memberId, id);
  });
}

/** `expired` per message for its sender, one `gap` per receiver and destination. */
function noticesOf(core: StoreCore, meshId: string, due: readonly Row[]): ExpiryNotice[] {
  const gaps = new Map<string, ExpiryNotice>();
  const expired: ExpiryNotice[] = [];
  for (const row of due) {
    const seq = Number(row["seq"]);
    const sender = String(row["sender"]);
    const column = String(row["destination"]);
    const destination = column.startsWith("dm:") ? "dm" : column;
    const owed = owedTo(core, meshId, column, seq, sender);
    for (const to of owed) {
      const from = gaps.get(`${to} ${destination}`)?.from_seq ?? seq;
      gaps.set(`${to} ${destination}`, { to, kind: "gap", client_message_id: null, destination, from_seq: from, to_seq: seq });
    }
    const id = row["client_message_id"];
    if (owed.length > 0 && typeof id === "string") {
      expired.push({ to: sender, kind: "expired", client_message_id: id, destination, from_seq: seq, to_seq: seq });
    }
  }
  return [...expired, ...gaps.values()];
}

function owedTo(core: StoreCore, meshId: string, column: string, seq: number, sender: string): string[] {
  const rows = column.startsWith("dm:")
    ? core
        .sql("SELECT member_id FROM cursor WHERE mesh_id = ? AND member_id = ? AND destination = 'dm' AND seq < ?")
        .all(meshId, column.slice("dm:".length), seq)
    : core
        .sql(
          `SELECT c.member_id FROM subscription s JOIN cursor c ON c.mesh_id = s.mesh_id AND c.member_id = s.member_id AND c.destination = ?1
            WHERE s.mesh_id = ?2 AND s.topic_id = substr(?1, 7) AND c.seq < ?3 AND s.first_seq < ?3
              AND (s.last_seq IS NULL OR s.last_seq >= ?3) AND s.member_id <> ?4`,
        )
        .all(column, meshId, seq, sender);
  return rows.map((row) => String(row["member_id"]));
}

function removeMessage(core: StoreCore, meshId: string, row: Row): void {
  const seq = Number(row["seq"]);
  const column = String(row["destination"]);
  const id = row["client_message_id"];
  if (typeof id === "string") {
    core.sql("UPDATE client_message_dedupe SET history_available = 0 WHERE mesh_id = ? AND client_message_id = ?").run(meshId, id);
  }
  for (const member of JSON.parse(String(row["mentions"] ?? "[]")) as string[]) {
    core.sql("DELETE FROM mention_index WHERE mesh_id = ? AND member = ? AND seq = ?").run(meshId, member, seq);
  }
  if (column.startsWith("queue:")) {
    core.sql("DELETE FROM delivery_queue WHERE mesh_id = ? AND queue = ? AND seq = ?").run(meshId, column.slice("queue:".length), seq);
  }
  core.sql("DELETE FROM message_queue WHERE mesh_id = ? AND seq = ?").run(meshId, seq);
}

/** A gap that grows replaces the notice before it under a new id: dropping the told one never drops the rest. */
function keepNotice(core: StoreCore, meshId: string, notice: ExpiryNotice): void {
  const last = core.sql("SELECT max(id) AS id FROM notice WHERE mesh_id = ? AND member = ?").get(meshId, notice.to)?.["id"] ?? 0;
  const before = notice.kind === "expired" ? undefined : core
    .sql("SELECT id, from_seq FROM notice WHERE mesh_id = ? AND member = ? AND kind = 'gap' AND destination = ? LIMIT 1")
    .get(meshId, notice.to, notice.destination);
  if (before !== undefined) core.sql("DELETE FROM notice WHERE mesh_id = ? AND member = ? AND id = ?").run(meshId, notice.to, Number(before["id"]));
  core
    .sql("INSERT INTO notice (mesh_id, member, id, kind, client_message_id, destination, from_seq, to_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
    .run(
      meshId, notice.to, Number(last) + 1, notice.kind, notice.client_message_id, notice.destination,
      Math.min(notice.from_seq, Number(before?.["from_seq"] ?? notice.from_seq)), notice.to_seq,
    );
}
