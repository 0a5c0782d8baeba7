import { ClaudemeshError } from "../../../protocol/error.ts";
import type { Position } from "../../../protocol/frames.ts";
import { rfc3339 } from "../../../protocol/time.ts";
import { positionMac } from "../position-mac.ts";
import type { LogState } from "../../../protocol/frames.ts";
import type { Sql, StoreCore } from "./core.ts";

export async function logState(sql: Sql, meshId: string): Promise<LogState> {
  const [head] = await sql.rows("SELECT epoch, seq FROM mesh.mesh_head WHERE mesh_id = $1", [meshId]);
  if (head === undefined) throw new ClaudemeshError("not_found", "there is no such mesh");
  const breaks = await sql.rows(
    "SELECT epoch, prefix, detected_at FROM mesh.log_break WHERE mesh_id = $1 ORDER BY epoch",
    [meshId],
  );
  return {
    epoch: Number(head["epoch"]),
    head: Number(head["seq"]),
    breaks: breaks.map((row) => ({
      epoch: Number(row["epoch"]),
      prefix: Number(row["prefix"]),
      detected_at: rfc3339(Number(row["detected_at"])),
    })),
  };
}

/**
 * Whether this log still has what a member holds durably. When it does not, the log lost commits (a restored backup, a
 * failover): a new epoch is opened at the common prefix, unless an earlier break covers the loss, and cursors fall
 * back to it. Too low a prefix is safe: what is pushed or sent again is recognised by its id.
 */
export async function checkPosition(
  core: StoreCore,
  meshId: string,
  positions: readonly Position[],
  now: number,
): Promise<{ state: "ok" } | { state: "lost"; log: LogState; opened: boolean }> {
  for (const { mac, ...place } of positions) {
    if (positionMac(core.positionKey, meshId, place) !== mac) {
      throw new ClaudemeshError("auth_failed", "a log position was not issued by this deployment");
    }
  }
  const [newest] = positions;
  if (newest === undefined) return { state: "ok" };
  // Without the lock: a hello is answered beside a busy log. What it finds lost is looked at again under it.
  if (await holds(core, meshId, newest)) return { state: "ok" };
  return core.locked(meshId, async (tx) => {
    if (await holds(tx, meshId, newest)) return { state: "ok" };
    const prefix = await commonPrefix(tx, meshId, positions);
    const [covered] = await tx.rows(
      "SELECT 1 AS yes FROM mesh.log_break WHERE mesh_id = $1 AND epoch > $2 AND prefix <= $3 LIMIT 1",
      [meshId, newest.epoch, prefix],
    );
    const after = Math.max(...positions.map(({ epoch }) => epoch));
    if (covered === undefined) await openEpoch(tx, meshId, { prefix, after, lostIncarnation: newest.incarnation, now });
    return { state: "lost", log: await logState(tx, meshId), opened: covered === undefined };
  });
}

async function holds(sql: Sql, meshId: string, position: Position): Promise<boolean> {
  const end = await endOf(sql, meshId, position.incarnation);
  if (end === null || position.seq > end) return false;
  const kept = await messageAt(sql, meshId, position.seq);
  if (kept !== null) return kept === position.broker_message_id;
  // Below the oldest kept message it is only pruned, not lost.
  const [oldest] = await sql.rows("SELECT min(seq) AS seq FROM mesh.message_queue WHERE mesh_id = $1", [meshId]);
  const seq = oldest?.["seq"] ?? null;
  return seq === null || position.seq < Number(seq);
}

/** broker_message_id of a kept message. */
async function messageAt(sql: Sql, meshId: string, seq: number): Promise<string | null> {
  const [row] = await sql.rows("SELECT broker_message_id FROM mesh.message_queue WHERE mesh_id = $1 AND seq = $2", [
    meshId,
    seq,
  ]);
  return row === undefined ? null : String(row["broker_message_id"]);
}

/** Last sequence number that this store has of an incarnation; null when it never knew it. */
async function endOf(sql: Sql, meshId: string, incarnation: string): Promise<number | null> {
  const [own] = await sql.rows("SELECT n FROM mesh.incarnation WHERE incarnation::text = $1", [incarnation]);
  if (own === undefined) return null;
  const [next] = await sql.rows(
    "SELECT head FROM mesh.incarnation_head WHERE mesh_id = $1 AND n > $2 ORDER BY n LIMIT 1",
    [meshId, own["n"]],
  );
  if (next !== undefined) return Number(next["head"]);
  const [head] = await sql.rows("SELECT seq FROM mesh.mesh_head WHERE mesh_id = $1", [meshId]);
  return head === undefined ? null : Number(head["seq"]);
}

/**
 * The newest position whose incarnation this store knows decides: the lost log ran on from the end of that incarnation
 * here, or from later. Where none is known, nothing is common.
 */
async function commonPrefix(sql: Sql, meshId: string, positions: readonly Position[]): Promise<number> {
  for (const position of positions) {
    const end = await endOf(sql, meshId, position.incarnation);
    if (end === null) continue;
    const kept = await messageAt(sql, meshId, position.seq);
    const another = position.seq <= end && kept !== null && kept !== position.broker_message_id;
    return another ? await startOf(sql, meshId, position.incarnation) : end;
  }
  return 0;
}

async function startOf(sql: Sql, meshId: string, incarnation: string): Promise<number> {
  const [row] = await sql.rows(
    `SELECT h.head FROM mesh.incarnation i JOIN mesh.incarnation_head h ON h.n = i.n AND h.mesh_id = $1
      WHERE i.incarnation::text = $2`,
    [meshId, incarnation],
  );
  return Number(row?.["head"] ?? 0);
}

/** `after`: the newest epoch that anybody has seen. One copy restored twice must not give the same epoch twice. */
async function openEpoch(
  tx: Sql,
  meshId: string,
  { prefix, after, lostIncarnation, now }: { prefix: number; after: number; lostIncarnation: string; now: number },
): Promise<void> {
  const epoch = Math.max((await logState(tx, meshId)).epoch, after) + 1;
  await tx.rows(
    "INSERT INTO mesh.log_break (mesh_id, epoch, prefix, detected_at, lost_incarnation) VALUES ($1, $2, $3, $4, $5)",
    [meshId, epoch, prefix, now, lostIncarnation],
  );
  await tx.rows("UPDATE mesh.mesh_head SET epoch = $2 WHERE mesh_id = $1", [meshId, epoch]);
  // In the order in which acknowledging locks them.
  await tx.rows(
    `WITH above AS MATERIALIZED (
       SELECT a.member_id, a.destination FROM mesh.cursor a WHERE a.mesh_id = $1 AND a.seq > $2
        ORDER BY a.member_id, a.destination FOR NO KEY UPDATE)
     UPDATE mesh.cursor c SET seq = $2 FROM above
      WHERE c.mesh_id = $1 AND c.member_id = above.member_id AND c.destination = above.destination AND c.seq > $2`,
    [meshId, prefix],
  );
}
