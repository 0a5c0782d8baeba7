import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";

/**
 * A daemon's databases as each version of the program left them: a file `NNNN_name.sql` for the migration of that name, made by
 * dump-database.ts from the database of a daemon that had that migration and no later one.
 */
export const kinds = ["outbox", "inbox"] as const;
export type Kind = (typeof kinds)[number];

export function migrationsFolder(kind: Kind): string {
  return fileURLToPath(new URL(`../../migrations/daemon/${kind}/`, import.meta.url));
}

export function snapshotsOf(kind: Kind): readonly string[] {
  return sqlFiles(snapshotsFolder(kind));
}

export function migrationsOf(kind: Kind): readonly string[] {
  return sqlFiles(migrationsFolder(kind));
}

/** Beside a snapshot: what the program shows of it. */
export function shownPath(kind: Kind, name: string): string {
  return join(snapshotsFolder(kind), name.replace(/\.sql$/, ".json"));
}

/** The snapshot as a database again, in a folder of its own that goes when it is disposed of. */
export function restore(kind: Kind, name: string): { readonly path: string } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), "cm-snapshot-"));
  const path = join(folder, `${kind}.db`);
  // The hidden tables of the full-text index are written as they were.
  const database = new DatabaseSync(path, { defensive: false });
  // As the daemon leaves it: a database in WAL mode.
  database.exec("PRAGMA journal_mode = WAL");
  database.exec(readFileSync(join(snapshotsFolder(kind), name), "utf8"));
  database.close();
  return { path, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

function snapshotsFolder(kind: Kind): string {
  return fileURLToPath(new URL(`./daemon/${kind}/`, import.meta.url));
}

function sqlFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .toSorted();
}
