import { randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { ClaudemeshError } from "../../../protocol/error.ts";
import type { Position } from "../../../protocol/frames.ts";
import { rfc3339 } from "../../../protocol/time.ts";
import { positionMac } from "../position-mac.ts";
import type { LogState } from "../../../protocol/frames.ts";
import { durably, type StoreCore } from "./core.ts";

/** Records this start with the head of every mesh's log, before anything is accepted. See docs/adr/0004-log-epochs.md. */
export function beginIncarnation(db: DatabaseSync, now: number): StoreCore["incarnation"] {
  return durably(db, () => {
    const id = randomUUID();
    const { lastInsertRowid } = db
      .prepare("INSERT INTO incarnation (incarnation, started_at) VALUES (?, ?)")
      .run(id, now);
    const n = Number(lastInsertRowid);
    // Every link ended with the process that held it.
    db.exec("DELETE FROM sending_link");
    db.prepare("INSERT INTO incarnation_head (mesh_id, n, head) SELECT mesh_id, ?, seq FROM mesh_head").run(n);
    return { n, id };
  });
}

export function logState(core: StoreCore, meshId: string): LogState {
  const head = core.sql("SELECT epoch, seq FROM mesh_head WHERE mesh_id = ?").get(meshId);
  if (head === undefined) throw new ClaudemeshError("not_found", "there is no such mesh");
  const breaks = core
    .sql("SELECT epoch, prefix, detected_at FROM log_break WHERE mesh_id = ? ORDER BY epoch")
    .all(meshId);
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
export function checkPosition(
  core: StoreCore,
  meshId: string,
  positions: readonly Position[],
  now: number,
): { state: "ok" } | { state: "lost"; log: LogState; opened: boolean } {
  for (const { mac, ...place } of positions) {
    if (positionMac(core.positionKey, meshId, place) !== mac) {
      throw new ClaudemeshError("auth_failed", "a log position was not issued by this deployment");
    }
  }
  const [newest] = positions;
  if (newest === undefined || holds(core, meshId, newest)) return { state: "ok" };
  return core.transaction(() => {
    const prefix = commonPrefix(core, meshId, positions);
    const covered = core
      .sql("SELECT 1 AS yes FROM log_break WHERE mesh_id = ? AND epoch > ? AND prefix <= ? LIMIT 1")
      .get(meshId, newest.epoch, prefix);
    const after = Math.max(...positions.map(({ epoch }) => epoch));
    if (covered === undefined) openEpoch(core, meshId, { prefix, after, lostIncarnation: newest.incarnation, now });
    return { state: "lost", log: logState(core, meshId), opened: covered === undefined };
  });
}

function holds(core: StoreCore, meshId: string, position: Position): boolean {
  const end = endOf(core, meshId, position.incarnation);
  if (end === null || position.seq > end) return false;
  const kept = core
    .sql("SELECT broker_message_id FROM message_queue WHERE mesh_id = ? AND seq = ?")
    .get(meshId, position.seq);
  if (kept !== undefined) return kept["broker_message_id"] === position.broker_message_id;
  // Below the oldest kept message it is only pruned, not lost.
  const oldest = core.sql("SELECT min(seq) AS seq FROM message_queue WHERE mesh_id = ?").get(meshId)?.["seq"] ?? null;
  return oldest === null || position.seq < Number(oldest);
}

/** Last sequence number that this store has of an incarnation; null when it never knew it. */
function endOf(core: StoreCore, meshId: string, incarnation: string): number | null {
  const n = core.sql("SELECT n FROM incarnation WHERE incarnation = ?").get(incarnation)?.["n"];
  if (n === undefined) return null;
  const next = core
    .sql("SELECT head FROM incarnation_head WHERE mesh_id = ? AND n > ? ORDER BY n LIMIT 1")
    .get(meshId, Number(n));
  return next === undefined ? logState(core, meshId).head : Number(next["head"]);
}

/**
 * The newest position whose incarnation this store knows decides: the lost log ran on from the end of that incarnation
 * here, or from later. Where none is known, nothing is common.
 */
function commonPrefix(core: StoreCore, meshId: string, positions: readonly Position[]): number {
  for (const position of positions) {
    const end = endOf(core, meshId, position.incarnation);
    if (end === null) continue;
    const kept = core
      .sql("SELECT broker_message_id FROM message_queue WHERE mesh_id = ? AND seq = ?")
      .get(meshId, position.seq);
    const another =
      position.seq <= end && kept !== undefined && kept["broker_message_id"] !== position.broker_message_id;
    return another ? startOf(core, meshId, position.incarnation) : end;
  }
  return 0;
}

function startOf(core: StoreCore, meshId: string, incarnation: string): number {
  const row = core
    .sql(
      "SELECT h.head FROM incarnation i JOIN incarnation_head h ON h.n = i.n AND h.mesh_id = ? WHERE i.incarnation = ?",
    )
    .get(meshId, incarnation);
  return Number(row?.["head"] ?? 0);
}

/** `after`: the newest epoch that anybody has seen. One copy restored twice must not give the same epoch twice. */
function openEpoch(
  core: StoreCore,
  meshId: string,
  { prefix, after, lostIncarnation, now }: { prefix: number; after: number; lostIncarnation: string; now: number },
): void {
  const epoch = Math.max(logState(core, meshId).epoch, after) + 1;
  core
    .sql("INSERT INTO log_break (mesh_id, epoch, prefix, detected_at, lost_incarnation) VALUES (?, ?, ?, ?, ?)")
    .run(meshId, epoch, prefix, now, lostIncarnation);
  core.sql("UPDATE mesh_head SET epoch = ? WHERE mesh_id = ?").run(epoch, meshId);
  core.sql("UPDATE cursor SET seq = ? WHERE mesh_id = ? AND seq > ?").run(prefix, meshId, prefix);
}
