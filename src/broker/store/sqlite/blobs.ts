import { blobIsGoing, filesFull, noSuchMesh } from "../blob-refusals.ts";
import type { BlobRow, BlobRows } from "../blob-rows.ts";
import { readBlob } from "../read-row.ts";
import type { StoreCore } from "./core.ts";

type Args<M extends keyof BlobRows> = Parameters<BlobRows[M]>;

export function beginBlob(core: StoreCore, ...[meshId, blob, options]: Args<"beginBlob">): "begun" | "present" {
  const { now } = options;
  return core.transaction(() => {
    if (core.sql("SELECT 1 AS yes FROM mesh WHERE mesh_id = ?").get(meshId) === undefined) throw noSuchMesh();
    const row = core.sql("SELECT * FROM blob WHERE mesh_id = ? AND blob_id = ?").get(meshId, blob.blob_id);
    if (row?.["state"] === "removing" && Number(row["refreshed_at"]) >= options.claimedSince) throw blobIsGoing();
    const present = row?.["state"] === "present";
    // A claim of somebody who is gone leaves its bytes counted: what is put now takes their place.
    const more = blob.bytes - Number(row?.["bytes"] ?? 0);
    if (!present && blobBytes(core, meshId) + more > options.meshBytesMax) throw filesFull(options.meshBytesMax);
    if (more !== 0) addBytes(core, meshId, more);
    core
      .sql(
        `INSERT INTO blob (mesh_id, blob_id, bytes, state, refreshed_at) VALUES (?, ?, ?, 'pending', ?)
         ON CONFLICT (mesh_id, blob_id) DO UPDATE SET bytes = excluded.bytes, refreshed_at = excluded.refreshed_at,
           state = CASE state WHEN 'present' THEN state ELSE 'pending' END`,
      )
      .run(meshId, blob.blob_id, blob.bytes, now);
    return present ? "present" : "begun";
  });
}

export function finishBlob(core: StoreCore, ...[meshId, blobId, now]: Args<"finishBlob">): boolean {
  return core.transaction(
    () =>
      core
        .sql(
          "UPDATE blob SET state = 'present', refreshed_at = ? WHERE mesh_id = ? AND blob_id = ? AND state <> 'removing'",
        )
        .run(now, meshId, blobId).changes > 0,
  );
}

export function blob(core: StoreCore, ...[meshId, blobId]: Args<"blob">): BlobRow | null {
  const row = core
    .sql("SELECT * FROM blob WHERE mesh_id = ? AND blob_id = ? AND state = 'present'")
    .get(meshId, blobId);
  return row === undefined ? null : readBlob(row);
}

export function refreshBlob(core: StoreCore, ...[meshId, blobId, now]: Args<"refreshBlob">): BlobRow | null {
  return core.transaction(() => {
    core
      .sql("UPDATE blob SET refreshed_at = ? WHERE mesh_id = ? AND blob_id = ? AND state = 'present'")
      .run(now, meshId, blobId);
    return blob(core, meshId, blobId);
  });
}

export function claimExpiredBlobs(core: StoreCore, ...[meshId, options]: Args<"claimExpiredBlobs">): string[] {
  const { before, claimedSince, now, limit, dryRun } = options;
  return core.transaction(() => {
    const due = core
      .sql(
        `SELECT blob_id FROM blob WHERE mesh_id = ? AND refreshed_at < CASE state WHEN 'present' THEN ? ELSE ? END
         ORDER BY refreshed_at LIMIT ?`,
      )
      .all(meshId, before, claimedSince, limit)
      .map((row) => String(row["blob_id"]));
    if (dryRun) return due;
    for (const blobId of due)
      core
        .sql("UPDATE blob SET state = 'removing', refreshed_at = ? WHERE mesh_id = ? AND blob_id = ?")
        .run(now, meshId, blobId);
    return due;
  });
}

export function forgetBlobs(core: StoreCore, ...[meshId, blobIds]: Args<"forgetBlobs">): void {
  core.transaction(() => {
    let gone = 0;
    for (const blobId of blobIds) {
      const row = core
        .sql("DELETE FROM blob WHERE mesh_id = ? AND blob_id = ? AND state = 'removing' RETURNING bytes")
        .get(meshId, blobId);
      gone += Number(row?.["bytes"] ?? 0);
    }
    if (gone > 0) addBytes(core, meshId, -gone);
  });
}

export function blobBytes(core: StoreCore, meshId: string): number {
  return Number(core.sql("SELECT bytes FROM blob_total WHERE mesh_id = ?").get(meshId)?.["bytes"] ?? 0);
}

function addBytes(core: StoreCore, meshId: string, bytes: number): void {
  core
    .sql(
      "INSERT INTO blob_total (mesh_id, bytes) VALUES (?, ?) ON CONFLICT (mesh_id) DO UPDATE SET bytes = bytes + excluded.bytes",
    )
    .run(meshId, bytes);
}
