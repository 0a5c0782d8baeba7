import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { openDatabase } from "../../base/sqlite-database.ts";
import type { OutboxRow } from "../outbox/row.ts";
import { contentHolds, contradictionOf, doubtOf, type RowProof } from "./judge-row.ts";
import { readOutboxRow } from "./read-outbox-row.ts";
import { columnsOf, readableRows, savedRows, sequenceOf, setSequence } from "./saved-rows.ts";

/** What became of the rows of a damaged outbox. */
export interface OutboxSalvage {
  /** As they were. */
  readonly saved: number;
  /** Saved, and not to be sent as they are: nothing proves that they would go out as they were accepted. */
  readonly held: readonly { readonly outbox_id: number; readonly client_message_id: string; readonly reason: string }[];
  /** Ended rows of which something is damaged, or nothing proves the id: damaged content was dropped, their answer was kept. */
  readonly doubted: readonly number[];
  /** Nothing of them could be read, but, where the index has it, their id. */
  readonly lost: readonly { readonly outbox_id: number; readonly client_message_id: string | null }[];
}

export interface OutboxSalvageFrom {
  readonly path: string;
  readonly readable: DatabaseSync | null;
  /** The database that is made. */
  readonly fresh: string;
  readonly migrations: string;
  readonly proof: Omit<RowProof, "indexed" | "row">;
  readonly now: number;
}

const lostMax = 10_000;
const doubtsMax = 20;

/** Rows to be sent that contradict themselves in a database in which SQLite finds nothing wrong: it keeps no checksums of what they say. */
export function contradictions(readable: DatabaseSync, proof: OutboxSalvageFrom["proof"]): readonly string[] {
  const found: string[] = [];
  const byDefault = { resealed: 0, attachments: "", pre_send: "" };
  for (const fields of readableRows(readable, "SELECT * FROM outbox WHERE status IN ('pending', 'inflight')")) {
    const row = readOutboxRow({ ...byDefault, ...fields });
    const doubt = row === null ? "it is damaged" : row.doom === null ? contradictionOf(row, proof) : null;
    if (doubt !== null) found.push(`row ${String(fields["id"])}: ${doubt}`);
    if (found.length === doubtsMax) break;
  }
  return found;
}

/**
 * Makes a new outbox of whatever the damaged one still holds, each row under its own number and id. A frozen envelope stays frozen:
 * it is sent again as it is, and only if its signature holds. Anything that is in doubt is not sent until somebody says so: a row that
 * never went out ends dead, one that did is first voided at the broker.
 */
export function salvageOutbox(from: OutboxSalvageFrom): OutboxSalvage {
  const database = openDatabase(from.fresh, from.migrations);
  try {
    const columns = columnsOf(database, "outbox");
    const indexed = new Map<number, Set<string>>();
    const isMigration = migrationsOf(database);
    const rows = savedRows<OutboxRow>({
      path: from.path,
      readable: from.readable,
      table: "outbox",
      columns,
      read: readOutboxRow,
      holds: (row) =>
        isOpen(row) ? contradictionOf(row, from.proof) === null : row.body === null || contentHolds(row, from.proof),
      better: isFurther,
      indexed([id, row, more]) {
        if (typeof id !== "string" || typeof row !== "number" || more !== undefined) return;
        if (isMigration(id, row)) return;
        indexed.set(row, (indexed.get(row) ?? new Set()).add(id));
      },
    });
    const proof: RowProof = {
      ...from.proof,
      indexed: (id) => indexed.get(id) ?? new Set(),
      row: (id) => (byId.get(id) as OutboxRow | undefined) ?? null,
    };
    const byId = database.prepare("SELECT * FROM outbox WHERE id = ?");
    const insert = inserter(
      database,
      columns.map(({ name }) => name),
    );
    const result = { saved: 0, held: [], doubted: [] } as {
      saved: number;
      held: OutboxSalvage["held"][number][];
      doubted: number[];
    };
    const written = new Set<number>();
    database.exec("BEGIN IMMEDIATE");
    for (const id of rows.ids) {
      const row = rows.row(id);
      if (row === null) continue;
      const judged = judge(row, proof, from.now);
      if (!insert(judged.row)) continue;
      written.add(id);
      if (judged.reason !== null) {
        result.held.push({ outbox_id: id, client_message_id: row.client_message_id, reason: judged.reason });
      } else if (judged.doubted) result.doubted.push(id);
      else result.saved += 1;
    }
    copySmallTables(database, from.readable);
    const last = sequenceOf(from.readable, "outbox", [...rows.ids, ...indexed.keys()]);
    setSequence(database, "outbox", last);
    database.exec("COMMIT");
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    return { ...result, lost: lostRows(last, written, idIn(indexed)) };
  } finally {
    database.close();
  }
}

/** Whether a record of an index is of the table of migrations, whose names have the form of ids: it tells of no row. */
function migrationsOf(database: DatabaseSync): (name: string, row: number) => boolean {
  const names = database.prepare("SELECT rowid, name FROM schema_migration").all();
  const rows = new Map(names.map(({ rowid, name }) => [rowid, name]));
  return (name, row) => rows.get(row) === name;
}

/** The index of destinations has texts of the same form. */
function idIn(indexed: ReadonlyMap<number, ReadonlySet<string>>): (id: number) => string | null {
  return (id) => [...(indexed.get(id) ?? [])].find((text) => !/^(dm|topic|queue):/.test(text)) ?? null;
}

/** Numbers are given without gaps, and no row is ever deleted: what is not there was lost. */
function lostRows(
  last: number,
  written: ReadonlySet<number>,
  idOf: (id: number) => string | null,
): OutboxSalvage["lost"] {
  const lost: { outbox_id: number; client_message_id: string | null }[] = [];
  for (let id = 1; id <= last && lost.length < lostMax; id += 1)
    if (!written.has(id)) lost.push({ outbox_id: id, client_message_id: idOf(id) });
  return lost;
}

/** Of several versions of a row that stand on pages which nothing leads to any more. */
function isFurther(one: OutboxRow, other: OutboxRow): boolean {
  const order = (row: OutboxRow): number[] => [
    row.aborted_at === null ? 0 : 1,
    row.attempts,
    row.transmitted,
    row.ended_at === null ? 0 : 1,
    row.accepted_at === null ? 0 : 1,
    row.read_at !== null ? 3 : row.injected_at !== null ? 2 : row.delivered_at !== null ? 1 : 0,
  ];
  const [a, b] = [order(one), order(other)];
  const at = a.findIndex((value, index) => value !== b[index]);
  return at !== -1 && (a[at] ?? 0) > (b[at] ?? 0);
}

function isOpen({ status }: OutboxRow): boolean {
  return status === "pending" || status === "inflight";
}

interface Judged {
  readonly row: OutboxRow;
  /** Why it is held; null: it is not. */
  readonly reason: string | null;
  readonly doubted: boolean;
}

function judge(row: OutboxRow, proof: RowProof, now: number): Judged {
  if (!isOpen(row)) {
    const holds = row.body === null || contentHolds(row, proof);
    const doubted = !holds || !proof.indexed(row.id).has(row.client_message_id);
    return { row: holds ? row : tombstone(row), reason: null, doubted };
  }
  const reason = doubtOf(row, proof);
  if (reason === null) return { row, reason, doubted: false };
  const error = JSON.stringify({
    code: "store_corrupt",
    message: `the outbox was damaged, and ${reason}; claudemesh outbox inspect ${row.id} shows it, claudemesh outbox requeue ${row.id} sends it under a new id`,
  });
  // What may be at the broker already dies only once its id is void there.
  if (row.transmitted === 1)
    return { row: { ...row, status: "pending", doom: error, unanswered: 2 }, reason, doubted: false };
  const dead = { ...row, status: "dead", doom: null, last_error: error, ended_at: now, untold: 1 } as const;
  return { row: contentHolds(row, proof) ? dead : tombstone(dead), reason, doubted: false };
}

/** As rows shrink with time: its id and its answer. Nobody sends or shows content that is not what was accepted. */
function tombstone(row: OutboxRow): OutboxRow {
  return { ...row, body: null, envelope: null, meta: "", mentions: "[]", mentions_written: "[]", attachments: "" };
}

function inserter(database: DatabaseSync, names: readonly string[]): (row: OutboxRow) => boolean {
  const insert = database.prepare(
    `INSERT INTO outbox (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")}) ON CONFLICT DO NOTHING`,
  );
  return (row) => {
    const fields = row as unknown as Record<string, SQLInputValue>;
    return Number(insert.run(...names.map((name) => fields[name] ?? null)).changes) === 1;
  };
}

/** How far the broker's log was known, as far as it can be read: the broker judges it by its own mark. */
function copySmallTables(database: DatabaseSync, readable: DatabaseSync | null): void {
  const insert = database.prepare(
    "INSERT INTO position (incarnation, epoch, seq, broker_message_id, mac, noted_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  for (const row of readablePositions(readable))
    insert.run(row.incarnation, row.epoch, row.seq, row.broker_message_id, row.mac, row.noted_at);
}

interface KeptPosition {
  readonly incarnation: string;
  readonly epoch: number;
  readonly seq: number;
  readonly broker_message_id: string;
  readonly mac: string;
  readonly noted_at: number;
}

export function readablePositions(readable: DatabaseSync | null): readonly KeptPosition[] {
  return readableRows(readable, "SELECT * FROM position").filter((row) => {
    const texts = ["incarnation", "broker_message_id", "mac"].every(
      (name) => typeof row[name] === "string" && /^[\x21-\x7e]{1,128}$/.test(row[name]),
    );
    return texts && ["epoch", "seq", "noted_at"].every((name) => Number.isSafeInteger(row[name]));
  }) as unknown as readonly KeptPosition[];
}
