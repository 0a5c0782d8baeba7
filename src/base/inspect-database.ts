import { existsSync, readdirSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** What a database that nobody has open says of itself, without changing it. */
export interface DatabaseFacts {
  /** Migrations applied. */
  readonly schema: number;
  /** Applied ones that this program does not know: a newer one wrote the file. */
  readonly unknown: readonly string[];
  /** Rows by the one column that `countBy` names, `table.column`. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Reads alone. Null when there is no file. Throws SQLite's error for one that is damaged or no database. */
export function inspectDatabase(path: string, migrationsFolder: string, countBy?: string): DatabaseFacts | null {
  if (!existsSync(path)) return null;
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const applied = database
      .prepare("SELECT name FROM schema_migration")
      .all()
      .map((row) => String(row["name"]));
    const known = new Set(readdirSync(migrationsFolder));
    const [table = "", column = ""] = countBy?.split(".") ?? [];
    const rows =
      countBy === undefined
        ? []
        : database.prepare(`SELECT "${column}" AS value, count(*) AS n FROM "${table}" GROUP BY "${column}"`).all();
    return {
      schema: applied.length,
      unknown: applied.filter((name) => !known.has(name)),
      counts: Object.fromEntries(rows.map((row) => [String(row["value"]), Number(row["n"])])),
    };
  } finally {
    database.close();
  }
}
