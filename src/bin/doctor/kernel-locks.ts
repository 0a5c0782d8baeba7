import { readFileSync, statSync } from "node:fs";

/** The first byte that SQLite locks; files are locked there whatever their size. */
const sqliteLockFrom = 0x4000_0000;

/**
 * Whether a process that this one can see holds the lock of a file, as Linux lists the locks that are held: looking there takes none, so
 * nobody who wants it is in the way of it. False says nothing: another system lists none, and another container's are not shown.
 */
export function isSeenLocked(path: string, list = "/proc/locks"): boolean {
  try {
    const { ino } = statSync(path);
    return readFileSync(list, "utf8")
      .split("\n")
      .some((line) => {
        const [, , , kind, , file, from] = line.trim().split(/\s+/);
        return kind === "WRITE" && file?.split(":")[2] === String(ino) && Number(from) >= sqliteLockFrom;
      });
  } catch {
    return false;
  }
}
