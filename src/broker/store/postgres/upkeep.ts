import { readNotice } from "../read-row.ts";
import type { KeptNotice } from "../store.ts";
import { bigintArray, encodeArray } from "./binary-array.ts";
import type { Sql, StoreCore } from "./core.ts";

export async function takeNotices(
  core: StoreCore,
  meshId: string,
  memberId: string,
  limit: number,
): Promise<KeptNotice[]> {
  const rows = await core.rows(
    `SELECT id, member, kind, client_message_id, destination, from_seq, to_seq FROM mesh.notice
      WHERE mesh_id = $1 AND member = $2 ORDER BY id LIMIT $3`,
    [meshId, memberId, limit],
  );
  return rows.map((row) => ({ notice_id: Number(row["id"]), ...readNotice(row) }));
}

export async function dropNotices(
  core: StoreCore,
  meshId: string,
  memberId: string,
  noticeIds: readonly number[],
): Promise<void> {
  await core.rows("DELETE FROM mesh.notice WHERE mesh_id = $1 AND member = $2 AND id = ANY ($3::bigint[])", [
    meshId,
    memberId,
    encodeArray(bigintArray, noticeIds),
  ]);
}

/** Forgets notices and receipts that nobody fetched: their member has been away as long as messages are kept. */
export async function expireKept(
  core: StoreCore,
  meshId: string,
  keptBefore: number,
  options: { limit: number; dryRun: boolean },
): Promise<number> {
  const remove = (table: string, member: string): Promise<number> => {
    const key = `mesh_id, ${member}, id`;
    const due = `SELECT ${key} FROM mesh.${table} WHERE mesh_id = $1 AND kept_at < $2 ORDER BY id LIMIT $3`;
    return removed(core, { table, key, due }, [meshId, keptBefore, options.limit], options.dryRun);
  };
  return (await remove("notice", "member")) + (await remove("receipt", "recipient"));
}

/**
 * Forgets records whose window is over and whose message is gone (a record never expires before its message), and void
 * claims as old; at most `limit` of both together. A record may go beside an accept that has just found it: its sender
 * is told to ask again.
 */
export async function expireDedupe(
  core: StoreCore,
  meshId: string,
  now: number,
  { limit, dryRun }: { limit: number; dryRun: boolean },
): Promise<number> {
  const key = "mesh_id, client_message_id";
  const due = (table: string, gone: string): string =>
    `SELECT ${key} FROM mesh.${table} WHERE mesh_id = $1 AND expires_at IS NOT NULL AND expires_at < $2 ${gone} ORDER BY expires_at LIMIT $3`;
  const records = await removed(
    core,
    { table: "client_message_dedupe", key, due: due("client_message_dedupe", "AND NOT history_available") },
    [meshId, now, limit],
    dryRun,
  );
  if (records >= limit) return records;
  const claims = { table: "void_claim", key, due: due("void_claim", "") };
  const values = [meshId, now, limit - records];
  const over = await removed(core, claims, values, true);
  if (dryRun || over === 0) return records + over;
  return records + (await core.locked(meshId, (tx) => removed(tx, claims, values, false)));
}

/** Removes or counts the rows that `due` finds by their key, in one statement. What somebody else is removing is left to them. */
async function removed(
  sql: Sql,
  { table, key, due }: { table: string; key: string; due: string },
  values: readonly unknown[],
  dryRun: boolean,
): Promise<number> {
  const [row] = await sql.rows(
    dryRun
      ? `SELECT count(*) AS n FROM (${due}) due`
      : `WITH gone AS (DELETE FROM mesh.${table} WHERE (${key}) IN (${due} FOR UPDATE SKIP LOCKED) RETURNING 1)
         SELECT count(*) AS n FROM gone`,
    values,
  );
  return Number(row?.["n"]);
}
