import { backup, DatabaseSync } from "node:sqlite";
import { ClaudemeshError } from "../../protocol/error.ts";

/** All pages in one step: a copy in several begins anew whenever the daemon writes between two of them. */
const pagesAtOnce = 0x7fff_ffff;

/**
 * Copies a database as it stands at one moment, whether or not a daemon writes to it, and checks the copy. Answers the names of
 * its migrations. Throws store_corrupt.
 */
export async function copyDatabase(from: string, to: string): Promise<readonly string[]> {
  try {
    const source = new DatabaseSync(from, { readOnly: true });
    try {
      await backup(source, to, { rate: pagesAtOnce });
    } finally {
      source.close();
    }
    const copy = new DatabaseSync(to, { readOnly: true });
    try {
      const check = String(copy.prepare("PRAGMA quick_check(1)").get()?.["quick_check"]);
      if (check !== "ok") throw new Error(check);
      const rows = copy.prepare("SELECT name FROM schema_migration ORDER BY name").all();
      return rows.map((row) => String(row["name"]));
    } finally {
      copy.close();
    }
  } catch (cause) {
    throw refused(from, cause);
  }
}

function refused(path: string, cause: unknown): ClaudemeshError {
  const code = cause instanceof Error && "errcode" in cause ? Number(cause.errcode) & 0xff : null;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (code !== null && !damageCodes.includes(code))
    return new ClaudemeshError("store_unavailable", `${path} cannot be copied: ${message}`, {
      hint: "look at the disk and the room that is left on it: claudemesh doctor",
      cause,
    });
  return new ClaudemeshError("store_corrupt", `${path} is damaged, so it was not backed up: ${message}`, {
    hint: "of a daemon: claudemesh daemon down, then claudemesh recover; or back up the keys alone: claudemesh backup --keys-only --out FILE",
    cause,
  });
}

/** SQLite's codes for a file that is damaged, for one that is no database, and for a table that is not there. */
const damageCodes: readonly number[] = [11, 26, 1];
