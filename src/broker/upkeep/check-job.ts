import type { ConsistencyFinding } from "../store/store.ts";
import { letOthersRun, type UpkeepJob } from "./upkeep-job.ts";

const chunk = 2_000;
const findingsLogged = 20;
const orphanKinds: readonly ConsistencyFinding["kind"][] = ["record_without_message", "message_without_record"];

/**
 * Reads the whole log once and looks whether what one transaction writes together is there together. It repairs
 * nothing: a finding means that the store was damaged or changed from outside, and somebody has to know.
 */
export const checkJob: UpkeepJob = async ({ store, log, metrics }, { signal }) => {
  const found: Record<string, number> = {};
  for (const { mesh_id } of await store.listMeshes()) {
    let orphans = 0;
    let others = 0;
    for (let after: number | null = 0; after !== null && !signal.aborted; ) {
      const { findings, next } = await store.checkConsistency(mesh_id, after, chunk);
      for (const finding of findings) {
        found[finding.kind] = (found[finding.kind] ?? 0) + 1;
        if (orphanKinds.includes(finding.kind)) orphans += 1;
        else others += 1;
        if (orphans + others <= findingsLogged) log.error({ mesh_id, ...finding }, "THE STORE IS NOT CONSISTENT");
      }
      after = next;
      await letOthersRun();
    }
    if (signal.aborted) break;
    metrics.orphanFound.set({ mesh: mesh_id }, orphans);
    metrics.atomicityViolation.set({ mesh: mesh_id }, others);
  }
  metrics.orphanCheck.inc();
  return { findings: Object.values(found).reduce((sum, n) => sum + n, 0), ...found };
};
