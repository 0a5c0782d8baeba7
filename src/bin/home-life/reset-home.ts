import { basename, join } from "node:path";
import type { RemovalPlan, ResetDone, ResetRequest } from "../../cli/home-life.ts";
import { daemonDirs, findDaemonDir } from "../../client/find-daemon.ts";
import { brokerDir, stopBroker } from "../launch-broker.ts";
import { type MeshFolder, planRemoval } from "./removal-plan.ts";
import { removeWhole } from "./remove-whole.ts";
import { stopForRemoval } from "./stop-for-removal.ts";

export function planReset(request: ResetRequest): Promise<RemovalPlan> {
  return planRemoval(request.home, foldersOf(request), { broker: request.all });
}

/** Removes what the plan says, from this home alone: for everybody else the members are as they were. Call under the launch lock. */
export async function resetHome(request: ResetRequest): Promise<ResetDone> {
  const { home, all } = request;
  const folders = foldersOf(request);
  for (const folder of folders) await stopForRemoval(home, folder);
  const broker = all && (await planRemoval(home, [], { broker: true })).broker;
  if (broker) await stopBroker(brokerDir(home));
  removeWhole(home, all ? [join(home, "daemon"), brokerDir(home)] : folders.map(({ dir }) => dir));
  return { meshes: folders.map(({ slug }) => slug), broker };
}

function foldersOf({ home, mesh, all }: ResetRequest): readonly MeshFolder[] {
  if (all) return daemonDirs(home);
  const dir = findDaemonDir(home, mesh);
  return [{ slug: basename(dir), dir }];
}
