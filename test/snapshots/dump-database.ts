import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";

/**
 * A database as SQL text that makes the same one in an empty file: `node test/snapshots/dump-database.ts FILE > NNNN_name.sql`.
 * The rows of a full-text index are those of its hidden tables, since it keeps no text that could be given to it again.
 */
export function dumpDatabase(path: string): string {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const found = database
      .prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")
      .all();
    const made = found.map((row) => ({
      type: String(row["type"]),
      name: String(row["name"]),
      sql: String(row["sql"]),
    }));
    const virtual = made.filter(({ sql }) => sql.startsWith("CREATE VIRTUAL TABLE")).map(({ name }) => name);
    const isHidden = (name: string): boolean => virtual.some((table) => name.startsWith(`${table}_`));
    const lines = ["BEGIN;"];
    const tables = made.filter(({ type }) => type === "table");
    for (const { name, sql } of tables) if (!isHidden(name) && !name.startsWith("sqlite_")) lines.push(`${sql};`);
    for (const { name } of tables) {
      if (virtual.includes(name)) continue;
      if (isHidden(name) || name === "sqlite_sequence") lines.push(`DELETE FROM "${name}";`);
      lines.push(...inserts(database, name));
    }
    for (const { type, sql } of made) if (type === "index") lines.push(`${sql};`);
    return `${[...lines, "COMMIT;"].join("\n")}\n`;
  } finally {
    database.close();
  }
}

function inserts(database: DatabaseSync, table: string): string[] {
  const columns = database
    .prepare(`PRAGMA table_info("${table}")`)
    .all()
    .map((row) => `"${String(row["name"])}"`);
  const values = columns.map((column) => `quote(${column})`).join(" || ', ' || ");
  const list = columns.join(", ");
  return database
    .prepare(`SELECT ${values} AS row FROM "${table}" ORDER BY ${columns[0]}`)
    .all()
    .map(({ row }) => `INSERT INTO "${table}" (${list}) VALUES (${String(row)});`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(dumpDatabase(process.argv[2] ?? ""));
