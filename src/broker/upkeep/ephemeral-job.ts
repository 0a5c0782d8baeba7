import { letOthersRun, type UpkeepJob } from "./upkeep-job.ts";

const chunk = 200;
/** A dry run only counts. */
const countAll = 1_000_000_000;

/**
 * Forgets ephemeral members whose last presence lease ended so long ago that their process is gone. A broker, or a store, that was
 * away itself cannot know who was: the time counts from when this job began to look without a gap.
 */
export const ephemeralJob: UpkeepJob = async (parts, { dryRun, signal, unbrokenSince }) => {
  const { store, clock, limits, metrics } = parts;
  const seenBefore = clock.now() - limits.ephemeralKeptMs;
  let expired = 0;
  if (unbrokenSince === null || unbrokenSince > seenBefore) return { expired };
  for (const { mesh_id: meshId } of await store.listMeshes()) {
    for (let more = true; more && !signal.aborted; ) {
      const limit = dryRun ? countAll : chunk;
      const members = await store.expireEphemeral(meshId, seenBefore, { limit, dryRun });
      expired += members.length;
      more = !dryRun && members.length >= chunk;
      if (!dryRun) {
        metrics.upkeepRemoved.inc({ job: "ephemeral" }, members.length);
        for (const member of members) parts.expired(member);
      }
      await letOthersRun();
    }
  }
  return { expired };
};
