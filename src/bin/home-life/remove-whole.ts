import { existsSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { makePrivateDirectory } from "../../http/private-directory.ts";

/**
 * Removes folders of a home. Each goes out of the way by a rename before anything in it is deleted: killed at any point, a
 * folder is there as a whole or not at all. What a killed removal has left goes with the next. Call under the launch lock.
 */
export function removeWhole(home: string, paths: readonly string[]): void {
  const bin = join(home, "removed.tmp");
  rmSync(bin, { recursive: true, force: true });
  makePrivateDirectory(bin);
  for (const [index, path] of paths.entries())
    if (existsSync(path)) renameSync(path, join(bin, `${index}-${basename(path)}`));
  rmSync(bin, { recursive: true, force: true });
}
