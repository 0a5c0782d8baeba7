import { letOthersRun, type UpkeepJob } from "./upkeep-job.ts";

const chunk = 1_000;

/**
 * Rebuilds the index of mentions from the envelopes, which are what was sent. An index that nobody damaged stays as it is.
 * It runs when it is asked for: `check` says whether there is a reason.
 */
export const mentionsJob: UpkeepJob = async ({ store, metrics }, { dryRun, signal }) => {
  let added = 0;
  let removed = 0;
  for (const { mesh_id } of await store.listMeshes()) {
    for (let after: number | null = 0; after !== null && !signal.aborted; ) {
      const done = await store.repairMentions(mesh_id, after, { limit: chunk, dryRun });
      added += done.added;
      removed += done.removed;
      if (!dryRun) metrics.upkeepRemoved.inc({ job: "mentions" }, done.removed);
      after = done.next;
      await letOthersRun();
    }
  }
  return { added, removed };
};
