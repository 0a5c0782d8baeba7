import { readNotice } from "../read-row.ts";
import type { ExpiryNotice, KeptNotice } from "../store.ts";
import type { StoreCore } from "./core.ts";

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
    .map((row) => ({ notice_id: Number(row["id"]), ...readNotice(row) }));
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
