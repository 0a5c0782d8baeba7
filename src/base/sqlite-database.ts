import { createHash } from "node:crypto";
import { chmodSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Older libraries can corrupt a database in WAL mode. */
const versionFloor = [3, 51, 3] as const;

/** SQLite's name of a database that has no file. */
export const inMemory = ":memory:";

/** For a lock that another program holds; the event loop stands still meanwhile (delivery.md §4: at most 2 s). */
const lockWaitMs = 2_000;

/** Pages of the log before it is copied into the database, 16 MiB: pages that every commit touches are copied more seldom. */
const checkpointPages = 4_000;

/** The database cannot be used as it is: `newer` written by a newer program, `changed` an applied migration was edited, `corrupt`. */
export class DatabaseRefused extends Error {
  override readonly name = "DatabaseRefused";
  readonly reason: "newer" | "changed" | "corrupt" | "library";
  constructor(reason: "newer" | "changed" | "corrupt" | "library", message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * Opens a database for one writing connection: WAL, and every COMMIT reaches the disk before it returns. Applies the
 * folder's migrations in file-name order, a transaction each. Throws {@link DatabaseRefused}.
 * `pragmas` exists for durability tests, which plant weaker settings and must then fail. {@link inMemory} as `path`: nothing
 * of it reaches a disk, and nothing of it outlives the process.
 */
export function openDatabase(
  path: string,
  migrationsFolder: string,
  pragmas = "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;",
): DatabaseSync {
  const isNew = path !== inMemory && !existsSync(path);
  const database = new DatabaseSync(path, { timeout: lockWaitMs });
  if (isNew) chmodSync(path, 0o600);
  try {
    refuseOldLibrary(database);
    database.exec(
      `PRAGMA journal_mode = WAL; ${pragmas} PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = ${checkpointPages};`,
    );
    const check = database.prepare("PRAGMA quick_check(1)").get();
    if (check?.["quick_check"] !== "ok")
      throw new DatabaseRefused("corrupt", `${path}: ${String(check?.["quick_check"])}`);
    migrate(database, migrationsFolder);
    return database;
  } catch (error) {
    database.close();
    const damaged = [sqliteCorrupt, sqliteNotADatabase].some((code) => sqliteCode(error) === code);
    if (damaged)
      throw new DatabaseRefused("corrupt", `${path}: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  }
}

/** Number of migrations applied: the schema's version. */
export function schemaVersion(database: DatabaseSync): number {
  return Number(database.prepare("SELECT count(*) AS n FROM schema_migration").get()?.["n"]);
}

/** SQLite's primary result code of a thrown error, or null for anything else. 13 is SQLITE_FULL, 10 SQLITE_IOERR. */
export function sqliteCode(thrown: unknown): number | null {
  return thrown instanceof Error && "errcode" in thrown ? Number(thrown.errcode) & 0xff : null;
}

/** SQLite did not get at the file: no room, no right, or the disk fails. That says nothing of what is in it. */
export function isOutOfReach(thrown: unknown): boolean {
  return [sqliteIoError, sqliteFull, sqliteCannotOpen].some((code) => sqliteCode(thrown) === code);
}

export const sqliteBusy = 5;
const sqliteIoError = 10;
const sqliteCannotOpen = 14;
export const sqliteFull = 13;
const sqliteCorrupt = 11;
const sqliteNotADatabase = 26;

function refuseOldLibrary(database: DatabaseSync): void {
  const version = String(database.prepare("SELECT sqlite_version() AS v").get()?.["v"]);
  const parts = version.split(".").map(Number);
  for (const [index, least] of versionFloor.entries()) {
    const part = parts[index] ?? 0;
    if (part > least) return;
    if (part < least) throw new DatabaseRefused("library", `SQLite ${version} is older than ${versionFloor.join(".")}`);
  }
}

function migrate(database: DatabaseSync, folder: string): void {
  database.exec(
    "CREATE TABLE IF NOT EXISTS schema_migration (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT",
  );
  const applied = new Map(
    database
      .prepare("SELECT name, sha256 FROM schema_migration")
      .all()
      .map((row) => [String(row["name"]), String(row["sha256"])]),
  );
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .sort();
  const newer = [...applied.keys()].filter((name) => !files.includes(name));
  if (newer.length > 0)
    throw new DatabaseRefused("newer", `the database has migrations this program does not know: ${newer.join(", ")}`);
  for (const name of files) {
    const sql = readFileSync(join(folder, name), "utf8");
    const sha256 = createHash("sha256").update(sql).digest("hex");
    const before = applied.get(name);
    if (before === sha256) continue;
    if (before !== undefined) throw new DatabaseRefused("changed", `migration ${name} was applied with other content`);
    database.exec("BEGIN IMMEDIATE");
    try {
      database.exec(sql);
      database
        .prepare("INSERT INTO schema_migration (name, sha256, applied_at) VALUES (?, ?, ?)")
        .run(name, sha256, new Date().toISOString());
      database.exec("COMMIT");
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  }
}
