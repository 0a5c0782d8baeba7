import type { SQLInputValue } from "node:sqlite";
import type { DedupeRecord, VoidRecord } from "../store.ts";
import { incarnationName, issuePosition, type StoreCore } from "./core.ts";

const dayMs = 86_400_000;

/** The record or void claim of each id that has one; an id never has both. Inside a transaction it reads that. */
export function findRecords(core: StoreCore, meshId: string, ids: readonly string[]): Map<string, DedupeRecord | VoidRecord> {
  const found = new Map<string, DedupeRecord | VoidRecord>();
  const list = JSON.stringify(ids);
  const records = core
    .sql(
      `SELECT d.*, m.incarnation AS message_incarnation FROM client_message_dedupe d
         LEFT JOIN message_queue m ON m.mesh_id = d.mesh_id AND m.seq = d.seq
        WHERE d.mesh_id = ? AND d.client_message_id IN (SELECT value FROM json_each(?))`,
    )
    .all(meshId, list);
  for (const row of records) found.set(String(row["client_message_id"]), readRecord(core, meshId, row));
  const claims = core
    .sql("SELECT client_message_id, sender FROM void_claim WHERE mesh_id = ? AND client_message_id IN (SELECT value FROM json_each(?))")
    .all(meshId, list);
  for (const row of claims) {
    const id = String(row["client_message_id"]);
    found.set(id, { kind: "void", client_message_id: id, sender: String(row["sender"]) });
  }
  return found;
}

/** Claims what has no record as void. Own ids only: another sender's claim or record is left alone. */
export function voidIds(core: StoreCore, meshId: string, memberId: string, ids: readonly string[], now: number): Map<string, DedupeRecord | VoidRecord> {
  return core.transaction(() => {
    const found = findRecords(core, meshId, ids);
    for (const id of ids) {
      if (found.has(id)) continue;
      core
        .sql("INSERT INTO void_claim (mesh_id, client_message_id, sender, expires_at) VALUES (?, ?, ?, ?)")
        .run(meshId, id, memberId, expiry(core, now));
      found.set(id, { kind: "void", client_message_id: id, sender: memberId });
    }
    return found;
  });
}

/** When a record made now may be forgotten, epoch milliseconds; null for never. */
export function expiry(core: StoreCore, now: number): number | null {
  const { mode, retentionDays } = core.options.dedupe;
  return mode === "permanent" ? null : now + retentionDays * dayMs;
}

function readRecord(core: StoreCore, meshId: string, row: Record<string, SQLInputValue>): DedupeRecord {
  const place = { epoch: Number(row["epoch"]), seq: Number(row["seq"]), broker_message_id: String(row["broker_message_id"]) };
  const incarnation = row["message_incarnation"];
  return {
    kind: "record",
    client_message_id: String(row["client_message_id"]),
    ...place,
    request_fingerprint: row["request_fingerprint"] as Uint8Array,
    fingerprint_version: Number(row["fingerprint_version"]),
    sender: String(row["sender"]),
    first_seen_at: Number(row["first_seen_at"]),
    history_available: row["history_available"] === 1,
    position: incarnation === null ? null : issuePosition(core, meshId, { ...place, incarnation: incarnationName(core, Number(incarnation)) }),
  };
}
