import { existsSync } from "node:fs";
import { join } from "node:path";
import type { HomeLife } from "../../cli/home-life.ts";
import { makePrivateDirectory } from "../../http/private-directory.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { withLaunchLock } from "../detached-process.ts";
import { backupMeshes } from "./backup-meshes.ts";
import { planReset, resetHome } from "./reset-home.ts";
import { restoreMesh } from "./restore-mesh.ts";
import { planUninstall, uninstallHome } from "./uninstall-home.ts";

/** Whatever puts folders of a home in place or takes them away holds off every start and stop. */
export const homeLife: HomeLife = {
  backup: (request) => backupMeshes(request),
  restore(request) {
    makePrivateDirectory(request.home);
    return underLaunchLock(request.home, () => restoreMesh(request));
  },
  resetPlan: (request) => planReset(request),
  reset: (request) => underLaunchLock(request.home, () => resetHome(request)),
  uninstallPlan: (home) => planUninstall(home),
  uninstall: (request) => underLaunchLock(request.home, () => uninstallHome(request)),
};

function underLaunchLock<T>(home: string, work: () => Promise<T>): Promise<T> {
  if (!existsSync(home))
    throw new ClaudemeshError("not_found", `there is nothing at ${home}`, { hint: "claudemesh status" });
  return withLaunchLock(join(home, "launch.lock"), work);
}
