import type { Lifetime } from "../../test/support/on-end.ts";
import { driverPool } from "./driver-pool.ts";
import { play } from "./play.ts";
import { type RunningMesh, runningMesh } from "./running-mesh.ts";
import type { Scenario } from "./scenario.ts";
import type { Sdk } from "./sdks.ts";

/** Where the scenarios of one SDK are played, one after the other. */
export interface Theatre {
  /** Throws Unfit where what happens is not what the scenario says. */
  play(scenario: Scenario): Promise<void>;
}

const sharedMembers = ["alice", "bob"];

/** Scenarios share a mesh as long as they leave it well: after one that failed, the next gets another. */
export async function theatre(t: Lifetime, sdk: Sdk): Promise<Theatre> {
  const drivers = driverPool(t, sdk);
  await drivers.warmUp();
  let shared: RunningMesh | null = null;
  let plays = 0;
  return {
    async play(scenario) {
      plays += 1;
      const run = `${sdk.name.replace(/[^a-z]/g, "")}${plays}`;
      if (scenario.mesh === "none") return play(t, scenario, { mesh: null, drivers, run });
      if (scenario.mesh === "own") {
        const mesh = await runningMesh(t, scenario.members);
        try {
          return await play(t, scenario, { mesh, drivers, run });
        } finally {
          await mesh.end();
        }
      }
      shared ??= await runningMesh(t, sharedMembers);
      const mesh = shared;
      try {
        await play(t, scenario, { mesh, drivers, run });
        await mesh.restore();
      } catch (thrown) {
        shared = null;
        await mesh.end();
        throw thrown;
      }
    },
  };
}
