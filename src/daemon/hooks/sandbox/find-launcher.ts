import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import type { HookContainment } from "../../../protocol/hooks-api.ts";
import { boundedCommand, boundsProcesses } from "./bounds.ts";
import { bubblewrap } from "./bubblewrap.ts";
import type { Launcher } from "./launcher.ts";
import { unshare } from "./unshare.ts";

/** Where programs of the system are; never in a folder that a variable of the environment names. */
const programFolders = ["/usr/bin", "/bin", "/usr/local/bin", "/run/current-system/sw/bin", "/run/wrappers/bin"];

/** null: this system has no such program. */
function findProgram(name: string): string | null {
  for (const folder of programFolders) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // It is not in this folder.
    }
  }
  return null;
}

/** What could contain hooks here by the programs that are there, best first, and why the others could not. */
export function launcherCandidates(
  platform: NodeJS.Platform,
  kernelRelease: string,
  find: (name: string) => string | null = findProgram,
): { readonly candidates: readonly Launcher[]; readonly missing: readonly string[] } {
  if (platform !== "linux")
    return { candidates: [], missing: [`there is nothing on ${platform} that hooks are contained by`] };
  const [bwrap, unshareTool, setpriv, shell, prlimit] = ["bwrap", "unshare", "setpriv", "sh", "prlimit"].map(find);
  const withProcesses = boundsProcesses(kernelRelease);
  const bounds: HookContainment["bounds"] =
    prlimit == null ? [] : ["memory", "file_size", ...(withProcesses ? (["processes"] as const) : [])];
  const bounded = prlimit == null ? [] : boundedCommand(prlimit, withProcesses);
  const candidates: Launcher[] = [];
  const missing: string[] = [];
  if (bwrap == null) missing.push("bubblewrap is not installed");
  else candidates.push(bubblewrap(bwrap, bounds, bounded, true), bubblewrap(bwrap, bounds, bounded, false));
  if (unshareTool == null || setpriv == null || shell == null) missing.push("unshare and setpriv are not installed");
  else candidates.push(unshare({ unshare: unshareTool, setpriv, shell }, bounds, bounded));
  if (prlimit == null) missing.push("prlimit is not installed, so that nothing bounds what a hook takes");
  return { candidates, missing };
}

/** The first that holds all policies when it is tried. */
export async function findLauncher(
  { candidates, missing }: ReturnType<typeof launcherCandidates>,
  tryOut: (launcher: Launcher) => Promise<string | null>,
): Promise<{ readonly launcher: Launcher | null; readonly missing: readonly string[] }> {
  const wrong: string[] = [];
  for (const launcher of candidates) {
    const found = await tryOut(launcher);
    if (found === null) return { launcher, missing: [...missing, ...wrong] };
    wrong.push(`${launcher.by} does not contain a hook here: ${found}`);
  }
  return { launcher: null, missing: [...missing, ...wrong] };
}
