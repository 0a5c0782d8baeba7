import type { DatabaseSync } from "node:sqlite";
import { leafRows, type RawRow, type RawValue } from "../../base/sqlite-pages/leaf-rows.ts";
import { openPageFile } from "../../base/sqlite-pages/page-file.ts";

export interface Column {
  readonly name: string;
  /** What a row has that was written before the column was. */
  readonly byDefault: RawValue;
}

/** Columns of a table as the present schema has them, of a database that was just made. */
export function columnsOf(database: DatabaseSync, table: string): readonly Column[] {
  return database
    .prepare(`PRAGMA table_info("${table}")`)
    .all()
    .map((row) => ({ name: String(row["name"]), byDefault: defaultOf(row["dflt_value"]) }));
}

function defaultOf(written: unknown): RawValue {
  if (typeof written !== "string") return null;
  return /^\d+$/.test(written) ? Number(written) : written.replace(/^'|'$/g, "");
}

/** Rows of a damaged database: as SQLite reads them, and what else its pages hold. */
export interface SavedRows<Row> {
  /** Ids of which anything was found, ascending. */
  readonly ids: readonly number[];
  /**
   * As the log has it behind a damaged place, where that is trustworthy; else as SQLite has it; else the one of what the pages hold
   * that `better` prefers; null: nothing of it can be read.
   */
  row(id: number): Row | null;
}

export interface SavedFrom<Row> {
  readonly path: string;
  /** null: SQLite does not open it. */
  readonly readable: DatabaseSync | null;
  readonly table: string;
  readonly columns: readonly Column[];
  /** The row, if it has the form of one. */
  read(fields: Readonly<Record<string, unknown>>): Row | null;
  /** Whether nothing in a row contradicts itself. */
  holds(row: Row): boolean;
  /** Whether `one` says more of the row than `other`. */
  better(one: Row, other: Row): boolean;
  /** Records of indexes. */
  indexed?(values: readonly RawValue[]): void;
}

/** Columns that migrations have added since a row of the first version was written. */
const addedMax = 4;

/** Reads the pages twice: which rows there are, and then those that SQLite cannot give. */
export function savedRows<Row>(from: SavedFrom<Row>): SavedRows<Row> {
  const ids = new Set<number>();
  const unseen = new Map<number, Row>();
  eachRecord(from.path, (record) => {
    if (record.rowid === null) return from.indexed?.(record.values);
    const row = readRecord(from, record);
    if (row === null) return;
    ids.add(record.rowid);
    // The newest frame comes first.
    if (record.unseen && !unseen.has(record.rowid) && from.holds(row)) unseen.set(record.rowid, row);
  });
  const bySqlite = sqliteReader(from);
  const missing = new Set([...ids].filter((id) => bySqlite(id) === null));
  const found = new Map<number, Row>();
  if (missing.size > 0)
    eachRecord(from.path, (record) => {
      if (record.rowid === null || !missing.has(record.rowid)) return;
      const row = readRecord(from, record);
      const other = found.get(record.rowid);
      if (row !== null && (other === undefined || from.better(row, other))) found.set(record.rowid, row);
    });
  return {
    ids: [...ids].sort((a, b) => a - b),
    row: (id) => unseen.get(id) ?? bySqlite(id) ?? found.get(id) ?? null,
  };
}

function eachRecord(path: string, take: (record: RawRow) => void): void {
  const file = openPageFile(path);
  try {
    for (const record of leafRows(file)) take(record);
  } finally {
    file.close();
  }
}

function readRecord<Row>({ columns, read }: SavedFrom<Row>, { rowid, values }: RawRow): Row | null {
  // The id itself stands beside the record, whose first field is empty.
  if (rowid === null || values[0] !== null) return null;
  if (values.length > columns.length || values.length < columns.length - addedMax) return null;
  const fields = columns.map(({ name, byDefault }, index): [string, RawValue] => [
    name,
    index === 0 ? rowid : index < values.length ? (values[index] ?? null) : byDefault,
  ]);
  return read(Object.fromEntries(fields));
}

function sqliteReader<Row>({ readable, table, columns, read }: SavedFrom<Row>): (id: number) => Row | null {
  if (readable === null) return () => null;
  let select: ReturnType<DatabaseSync["prepare"]>;
  try {
    select = readable.prepare(`SELECT * FROM "${table}" NOT INDEXED WHERE id = ?`);
  } catch {
    return () => null;
  }
  const byDefault = Object.fromEntries(columns.map((column) => [column.name, column.byDefault]));
  return (id) => {
    try {
      const found = select.get(id);
      // One of an older schema lacks columns.
      return found === undefined ? null : read({ ...byDefault, ...found });
    } catch {
      return null;
    }
  };
}

/** Rows of another table, as far as SQLite gives them. */
export function readableRows(readable: DatabaseSync | null, sql: string): Record<string, unknown>[] {
  const rows: Record<string, unknown>[] = [];
  if (readable === null) return rows;
  try {
    for (const row of readable.prepare(sql).iterate()) rows.push(row);
  } catch {
    // What came before the damage counts.
  }
  return rows;
}

/** The highest id that a table has ever given, as far as it is known. */
export function sequenceOf(readable: DatabaseSync | null, table: string, ids: readonly number[]): number {
  const told = readableRows(readable, `SELECT seq FROM sqlite_sequence WHERE name = '${table}'`).map(({ seq }) =>
    Number(seq),
  );
  let last = 0;
  for (const id of [...told, ...ids]) if (Number.isSafeInteger(id) && id < sequenceMax) last = Math.max(last, id);
  return last;
}

/** A number beyond it is damage. */
const sequenceMax = 1_000_000_000_000;

export function setSequence(database: DatabaseSync, table: string, seq: number): void {
  database.prepare("DELETE FROM sqlite_sequence WHERE name = ?").run(table);
  database.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)").run(table, seq);
}
