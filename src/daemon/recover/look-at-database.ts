import { constants, copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openPageFile } from "../../base/sqlite-pages/page-file.ts";
import { ClaudemeshError } from "../../protocol/error.ts";

/** What is wrong with a database; nothing, when it is sound. */
export interface Looked {
  readonly problems: readonly string[];
  /** A copy that may be read as far as SQLite can; null: it cannot open it at all. Close it. */
  readonly readable: DatabaseSync | null;
}

const problemsMax = 20;

/**
 * Looks at a copy, so that whatever SQLite does to a damaged file it does not do to this one. `table`: one that it must have.
 * Throws schema_newer for a database of a newer program, which is not for this one to judge.
 */
export function lookAtDatabase(path: string, workFolder: string, migrations: string, table: string): Looked {
  const copy = copyOf(path, workFolder);
  const problems = walProblems(path);
  let readable: DatabaseSync | null = null;
  try {
    readable = new DatabaseSync(copy, { enableForeignKeyConstraints: false });
    readable.exec("PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON");
    refuseNewer(readable, path, migrations);
    for (const row of readable.prepare(`PRAGMA integrity_check(${problemsMax})`).all()) {
      const said = String(row["integrity_check"]);
      if (said !== "ok") problems.push(said.replace(/\s+/g, " ").slice(0, 300));
    }
    readable.prepare(`SELECT count(*) FROM "${table}" WHERE rowid = 0`).get();
    return { problems, readable };
  } catch (thrown) {
    if (thrown instanceof ClaudemeshError) {
      readable?.close();
      throw thrown;
    }
    return { problems: [...problems, thrown instanceof Error ? thrown.message : String(thrown)], readable };
  }
}

function copyOf(path: string, folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const copy = join(folder, basename(path));
  for (const suffix of ["", "-wal", "-shm"]) {
    rmSync(`${copy}${suffix}`, { force: true });
    // The index of the log is made anew of the log.
    if (suffix === "-shm" || !existsSync(`${path}${suffix}`)) continue;
    try {
      copyFileSync(`${path}${suffix}`, `${copy}${suffix}`, constants.COPYFILE_FICLONE);
    } catch (cause) {
      throw new ClaudemeshError("store_unavailable", `${path} could not be copied to be looked at: ${String(cause)}`, {
        hint: "make room on the disk, at least as much as the database has, and try again",
        cause,
      });
    }
  }
  return copy;
}

function walProblems(path: string): string[] {
  const pages = openPageFile(path);
  try {
    return pages.wal.damaged
      ? ["its write-ahead log is damaged: SQLite ignores what stands behind the damaged place"]
      : [];
  } finally {
    pages.close();
  }
}

function refuseNewer(database: DatabaseSync, path: string, migrations: string): void {
  const known = new Set(readdirSync(migrations));
  const unknown = database
    .prepare("SELECT name FROM schema_migration")
    .all()
    .map((row) => String(row["name"]))
    // Damage has no names of migrations.
    .filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name) && !known.has(name));
  if (unknown.length === 0) return;
  throw new ClaudemeshError("schema_newer", `${path} was written by a newer claudemesh: ${unknown.join(", ")}`, {
    hint: "run recover of that version, or of a later one",
  });
}
