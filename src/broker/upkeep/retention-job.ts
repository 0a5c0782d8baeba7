import { letOthersRun, type UpkeepJob } from "./upkeep-job.ts";

const chunk = 500;
/** A dry run only counts. */
const countAll = 1_000_000_000;
const dayMs = 86_400_000;
/** After its end an API key is remembered for this long, so that a late use hears "expired" and not "unknown". */
const endedForMs = 30 * dayMs;

/** Removes messages older than the retention, and what was kept for members that never came to fetch it. */
export const retentionJob: UpkeepJob = async (parts, { dryRun, signal }) => {
  const { store, clock, metrics } = parts;
  let messages = 0;
  let notices = 0;
  let unfetched = 0;
  let apiKeys = 0;
  for (const { mesh_id } of await store.listMeshes()) {
    const now = clock.now();
    const before = now - parts.messageRetentionDays * dayMs;
    for (let more = true, afterSeq = 0; more && !signal.aborted; ) {
      const done = await store.expireMessages(mesh_id, before, { afterSeq, limit: chunk, dryRun, now });
      messages += done.removed;
      notices += done.notices.length;
      // A store may remove fewer at once than it was asked to.
      more = done.removed > 0;
      afterSeq = done.lastSeq;
      if (!dryRun) {
        metrics.upkeepRemoved.inc({ job: "retention" }, done.removed);
        for (const member of new Set(done.notices.map(({ to }) => to))) parts.noticed(mesh_id, member);
      }
      await letOthersRun();
    }
    for (let more = true; more && !signal.aborted; ) {
      const removed = await store.expireKept(mesh_id, before, { limit: dryRun ? countAll : chunk, dryRun });
      unfetched += removed;
      more = !dryRun && removed >= chunk;
      await letOthersRun();
    }
    for (let more = true; more && !signal.aborted; ) {
      const limit = dryRun ? countAll : chunk;
      const removed = await store.expireApiKeys(mesh_id, now - endedForMs, { limit, dryRun });
      apiKeys += removed;
      more = !dryRun && removed >= chunk;
      await letOthersRun();
    }
  }
  return { messages, notices, unfetched, api_keys: apiKeys };
};
