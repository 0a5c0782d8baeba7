import { existsSync, linkSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { syncFolder, writeFileAtomic } from "../../base/atomic-file.ts";
import { ClaudemeshError } from "../../protocol/error.ts";

/**
 * A database of SQLite is several files, and no file system takes the place of all of them at once. While this file is there, the
 * old ones are safe under another name, the new database lies ready, and the exchange may be half done: it is done again from its
 * beginning, whatever it had reached.
 */
export const recoveryMarkName = "recovering.json";

interface Exchange {
  /** `outbox.db` */
  readonly name: string;
  /** `outbox.db.corrupt-<time>` */
  readonly aside: string;
  /** The new database, ready in the same folder. */
  readonly fresh: string;
}

const logSuffixes = ["-wal", "-shm"];

/** A daemon that started now could take the rest of an old database for the new one. Throws store_corrupt. */
export function refuseHalfRecovered(dir: string): void {
  if (!existsSync(join(dir, recoveryMarkName))) return;
  throw new ClaudemeshError("store_corrupt", `a recovery of ${dir} was cut off and has to be finished`, {
    hint: "claudemesh recover",
  });
}

/** Sets the old files aside, and puts the new database in their place. A crash anywhere leaves the old one, or {@link finishExchange} to be called. */
export function exchange(dir: string, step: Exchange): void {
  for (const suffix of ["", ...logSuffixes]) {
    const old = join(dir, `${step.name}${suffix}`);
    // A second name first, and not another one: until the mark is written the old database stays whole.
    if (existsSync(old) && suffix !== "-shm") linkSync(old, join(dir, `${step.aside}${suffix}`));
  }
  writeFileAtomic(join(dir, recoveryMarkName), `${JSON.stringify(step)}\n`);
  finishExchange(dir);
}

/** Finishes an exchange that a crash cut off; false when there was none. */
export function finishExchange(dir: string): boolean {
  const mark = join(dir, recoveryMarkName);
  if (!existsSync(mark)) return false;
  const { name, fresh } = JSON.parse(readFileSync(mark, "utf8")) as Exchange;
  // The old log must be gone before the new file has the name, or SQLite would write it into that.
  for (const suffix of logSuffixes) rmSync(join(dir, `${name}${suffix}`), { force: true });
  syncFolder(dir);
  if (existsSync(join(dir, fresh))) renameSync(join(dir, fresh), join(dir, name));
  syncFolder(dir);
  rmSync(mark);
  syncFolder(dir);
  return true;
}
