import { basename, join, resolve } from "node:path";
import type { RemovalPlan, ResetDone, ResetRequest } from "../../cli/home-life.ts";
import { daemonDirs, findDaemonDir } from "../../client/find-daemon.ts";
import { brokerDir, stopBroker } from "../launch-broker.ts";
import { installedServices } from "../service/installed-services.ts";
import { type ServiceHost, thisHost } from "../service/service-host.ts";
import { type MeshFolder, planRemoval } from "./removal-plan.ts";
import { removeWhole } from "./remove-whole.ts";
import { stopForRemoval } from "./stop-for-removal.ts";

export async function planReset(request: ResetRequest, host: ServiceHost = thisHost): Promise<RemovalPlan> {
  const folders = foldersOf(request);
  const plan = await planRemoval(request.home, folders, { broker: request.all });
  return { ...plan, objections: [...plan.objections, ...servicesOf(request, folders, host)] };
}

/** Services that would go on starting what is not there any more. */
function servicesOf({ home, all }: ResetRequest, folders: readonly MeshFolder[], host: ServiceHost): string[] {
  return installedServices(resolve(home), host)
    .filter(({ mesh }) => all || folders.some(({ slug }) => slug === mesh))
    .map(({ name, mesh, of }) => {
      const which = of === "broker" ? " --broker" : mesh === null ? "" : ` --mesh ${mesh}`;
      return `the service ${name} starts it; remove that first: claudemesh uninstall-service${which}`;
    });
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
