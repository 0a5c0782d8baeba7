import { letOthersRun, type UpkeepJob } from "./upkeep-job.ts";

const chunk = 100;
/** A dry run only counts. */
const countAll = 1_000_000_000;
const dayMs = 86_400_000;
/** A sender may put its files up to this long before its message is accepted. */
const beforeMessageMs = dayMs;
/** A temporary file that is older belongs to nobody any more. */
const unfinishedMs = 3_600_000;

/**
 * Removes blobs that no kept message can name any more, those of meshes that are no more, and what crashes left half-written.
 * A blob is claimed, then its bytes go, then its row: what ends in between is taken up by the next run.
 */
export const filesJob: UpkeepJob = async (parts, { dryRun, signal }) => {
  const { store, blobStore, clock, metrics, limits } = parts;
  if (blobStore === null) return { blobs: 0, meshes: 0, unfinished: 0 };
  let blobs = 0;
  // Looked at before the meshes: whatever has bytes now had its mesh before.
  const withBytes = await blobStore.meshes();
  const meshes = (await store.listMeshes()).map(({ mesh_id }) => mesh_id);
  for (const meshId of meshes) {
    for (let more = true; more && !signal.aborted; ) {
      const now = clock.now();
      const due = await store.claimExpiredBlobs(meshId, {
        before: now - parts.messageRetentionDays * dayMs - beforeMessageMs,
        claimedSince: now - limits.blobClaimMs,
        now,
        limit: dryRun ? countAll : chunk,
        dryRun,
      });
      blobs += due.length;
      more = !dryRun && due.length >= chunk;
      if (!dryRun && due.length > 0) {
        await blobStore.remove(meshId, due);
        await store.forgetBlobs(meshId, due);
        metrics.upkeepRemoved.inc({ job: "files" }, due.length);
      }
      await letOthersRun();
    }
  }
  const gone = withBytes.filter((meshId) => !meshes.includes(meshId));
  if (!dryRun) for (const meshId of gone) if (!signal.aborted) await blobStore.removeMesh(meshId);
  return { blobs, meshes: gone.length, unfinished: await blobStore.sweep(clock.now() - unfinishedMs, dryRun) };
};
