import { letOthersRun, type UpkeepJob } from "./upkeep-job.ts";

const chunk = 500;
/** A dry run only counts. */
const countAll = 1_000_000_000;

/** Forgets dedupe records and void claims whose window is over and whose message is gone. */
export const dedupeJob: UpkeepJob = async ({ store, clock, metrics }, { dryRun, signal }) => {
  let records = 0;
  for (const { mesh_id } of await store.listMeshes()) {
    for (let more = true; more && !signal.aborted; ) {
      const removed = await store.expireDedupe(mesh_id, clock.now(), { limit: dryRun ? countAll : chunk, dryRun });
      records += removed;
      more = !dryRun && removed >= chunk;
      if (!dryRun) metrics.upkeepRemoved.inc({ job: "dedupe" }, removed);
      await letOthersRun();
    }
  }
  return { records };
};
