import { join } from "node:path";
import { readFileIfPresent } from "../../base/atomic-file.ts";
import { ClaudemeshError } from "../../protocol/error.ts";

/** So often they are read again before it is given up: each time something has been written in between. */
const readingsMax = 10;

/**
 * The files of these names that there are, all as they stood at one moment. A daemon may run and write them: they are read
 * until two readings after one another are the same, and whatever changes in a rotation of keys was then not half done.
 */
export function stableFiles(
  dir: string,
  names: readonly string[],
  read: (path: string) => Buffer | null = readFileIfPresent,
): ReadonlyMap<string, Buffer> {
  const readAll = (): Map<string, Buffer> => {
    const found = new Map<string, Buffer>();
    for (const name of names) {
      const bytes = read(join(dir, name));
      if (bytes !== null) found.set(name, bytes);
    }
    return found;
  };
  let before = readAll();
  for (let readings = 1; readings < readingsMax; readings += 1) {
    const now = readAll();
    if (isSame(before, now)) return now;
    before = now;
  }
  throw new ClaudemeshError("timed_out", `the files in ${dir} change faster than they can be read`, {
    hint: "stop the daemon for the time of the backup: claudemesh daemon down",
  });
}

function isSame(one: ReadonlyMap<string, Buffer>, other: ReadonlyMap<string, Buffer>): boolean {
  return (
    one.size === other.size &&
    [...one].every(([name, bytes]) => {
      const there = other.get(name);
      return there?.equals(bytes) === true;
    })
  );
}
