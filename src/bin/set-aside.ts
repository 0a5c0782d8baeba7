import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import { makePrivateDirectory } from "../http/private-directory.ts";

/**
 * Moves the folder of a daemon that does not run out of the way, whole, to `<home>/set-aside/<slug>-<utc>`: nothing is
 * deleted, and what is there already is never written over. Answers where it is now. One rename: killed at any point, the
 * folder is at one place or the other.
 */
export function setAside(home: string, slug: string, dir: string, now: number): string {
  const root = join(home, "set-aside");
  makePrivateDirectory(root);
  const stamp = new Date(now).toISOString().replace(/[-:]|\.\d+/g, "");
  for (let n = 1; ; n += 1) {
    const place = join(root, n === 1 ? `${slug}-${stamp}` : `${slug}-${stamp}-${n}`);
    if (existsSync(place)) continue;
    renameSync(dir, place);
    return place;
  }
}
