import { blobIsGoing, filesFull, noSuchMesh } from "../blob-refusals.ts";
import type { BlobRow, BlobRows } from "../blob-rows.ts";
import { readBlob } from "../read-row.ts";
import type { Sql, StoreCore } from "./core.ts";

type Args<M extends keyof BlobRows> = Parameters<BlobRows[M]>;

const columns = "mesh_id, blob_id, bytes, state, refreshed_at";

/**
 * Changes of a mesh's blobs take the lock of their sum, not the mesh's: accepting goes on beside them. The mesh's row is held
 * too, so that one that is being deleted leaves none behind.
 */
function locked<T>(core: StoreCore, meshId: string, body: (tx: Sql, total: number) => Promise<T>): Promise<T> {
  return core.transaction(async (tx) => {
    const [mesh] = await tx.rows("SELECT 1 AS yes FROM mesh.mesh WHERE mesh_id = $1 FOR KEY SHARE", [meshId]);
    if (mesh === undefined) throw noSuchMesh();
    await tx.rows("INSERT INTO mesh.blob_total (mesh_id, bytes) VALUES ($1, 0) ON CONFLICT DO NOTHING", [meshId]);
    const [total] = await tx.rows("SELECT bytes FROM mesh.blob_total WHERE mesh_id = $1 FOR UPDATE", [meshId]);
    return body(tx, Number(total?.["bytes"]));
  });
}

export function beginBlob(
  core: StoreCore,
  ...[meshId, wanted, options]: Args<"beginBlob">
): Promise<"begun" | "present"> {
  return locked(core, meshId, async (tx, total) => {
    const [row] = await tx.rows(`SELECT ${columns} FROM mesh.blob WHERE mesh_id = $1 AND blob_id = $2 FOR UPDATE`, [
      meshId,
      wanted.blob_id,
    ]);
    if (row?.["state"] === "removing" && Number(row["refreshed_at"]) >= options.claimedSince) throw blobIsGoing();
    const present = row?.["state"] === "present";
    // A claim of somebody who is gone leaves its bytes counted: what is put now takes their place.
    const more = wanted.bytes - Number(row?.["bytes"] ?? 0);
    if (!present && total + more > options.meshBytesMax) throw filesFull(options.meshBytesMax);
    if (more !== 0) await addBytes(tx, meshId, more);
    await tx.rows(
      `INSERT INTO mesh.blob AS kept (${columns}) VALUES ($1, $2, $3, 'pending', $4)
       ON CONFLICT (mesh_id, blob_id) DO UPDATE SET bytes = excluded.bytes, refreshed_at = excluded.refreshed_at,
         state = CASE kept.state WHEN 'present' THEN kept.state ELSE 'pending' END`,
      [meshId, wanted.blob_id, wanted.bytes, options.now],
    );
    return present ? "present" : "begun";
  });
}

export async function finishBlob(core: StoreCore, ...[meshId, blobId, now]: Args<"finishBlob">): Promise<boolean> {
  const done = await core.rows(
    `UPDATE mesh.blob SET state = 'present', refreshed_at = $3 WHERE mesh_id = $1 AND blob_id = $2 AND state <> 'removing' RETURNING 1 AS yes`,
    [meshId, blobId, now],
  );
  return done.length > 0;
}

export async function blob(core: StoreCore, ...[meshId, blobId]: Args<"blob">): Promise<BlobRow | null> {
  const text = `SELECT ${columns} FROM mesh.blob WHERE mesh_id = $1 AND blob_id = $2 AND state = 'present'`;
  const [row] = await core.rows(text, [meshId, blobId]);
  return row === undefined ? null : readBlob(row);
}

export async function refreshBlob(
  core: StoreCore,
  ...[meshId, blobId, now]: Args<"refreshBlob">
): Promise<BlobRow | null> {
  const [row] = await core.rows(
    `UPDATE mesh.blob SET refreshed_at = $3 WHERE mesh_id = $1 AND blob_id = $2 AND state = 'present' RETURNING ${columns}`,
    [meshId, blobId, now],
  );
  return row === undefined ? null : readBlob(row);
}

export async function claimExpiredBlobs(
  core: StoreCore,
  ...[meshId, options]: Args<"claimExpiredBlobs">
): Promise<string[]> {
  const { before, claimedSince, now, limit, dryRun } = options;
  const due = `SELECT blob_id FROM mesh.blob
    WHERE mesh_id = $1 AND refreshed_at < CASE state WHEN 'present' THEN $2::bigint ELSE $3::bigint END
    ORDER BY refreshed_at, blob_id LIMIT $4`;
  const values = [meshId, before, claimedSince, limit];
  // A blob that is refreshed at this moment is passed over: whoever holds its row has it for another while.
  const rows = dryRun
    ? await core.rows(due, values)
    : await core.rows(
        `UPDATE mesh.blob SET state = 'removing', refreshed_at = $5
         WHERE mesh_id = $1 AND blob_id IN (${due} FOR UPDATE SKIP LOCKED) RETURNING blob_id`,
        [...values, now],
      );
  return rows.map((row) => String(row["blob_id"]));
}

export async function forgetBlobs(core: StoreCore, ...[meshId, blobIds]: Args<"forgetBlobs">): Promise<void> {
  await core.transaction(async (tx) => {
    const gone = await tx.rows(
      "DELETE FROM mesh.blob WHERE mesh_id = $1 AND blob_id = ANY($2) AND state = 'removing' RETURNING bytes",
      [meshId, blobIds],
    );
    const bytes = gone.reduce((sum, row) => sum + Number(row["bytes"]), 0);
    if (bytes > 0) await addBytes(tx, meshId, -bytes);
  });
}

export async function blobBytes(core: StoreCore, meshId: string): Promise<number> {
  const [row] = await core.rows("SELECT bytes FROM mesh.blob_total WHERE mesh_id = $1", [meshId]);
  return Number(row?.["bytes"] ?? 0);
}

async function addBytes(tx: Sql, meshId: string, bytes: number): Promise<void> {
  await tx.rows("UPDATE mesh.blob_total SET bytes = bytes + $2 WHERE mesh_id = $1", [meshId, bytes]);
}
