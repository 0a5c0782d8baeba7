/**
 * The first look-up of the accept path (B0) over a store that has seen millions: batches of ids, half of them known,
 * one look-up at a time, over five million dedupe records against ten thousand. The records are written by the database
 * itself. They are older than any message that is kept, as most of a year's records are; ids rise with time as minted
 * ones do, and those asked for are drawn from all of them alike, so most land on pages that nothing else has touched.
 * `node bench/look-up.ts [--many 5000000] [--look-ups 4000]`
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { BrokerStore } from "../src/broker/store/store.ts";
import { machine } from "./ceilings.ts";
import { isMain, median, percentile, printTable } from "./figures.ts";
import { openStore } from "./open-store.ts";
import { type Postgres, startPostgres } from "./postgres.ts";

export interface LookUpFigures {
  readonly records: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the records with their indexes. */
  readonly bytes: number;
}

export interface LookUpOptions {
  /** Numbers of records, each in a database of its own. */
  readonly records: readonly number[];
  readonly lookUps: number;
  /** Ids in one look-up. */
  readonly batch: number;
  /** The databases are asked in turn, so often each; figures are medians over the rounds. */
  readonly rounds: number;
}

const meshId = "01890000-0000-7000-8000-000000000000";

export async function measureLookUps(server: Postgres, options: LookUpOptions): Promise<LookUpFigures[]> {
  const dataDir = mkdtempSync(join(tmpdir(), "claudemesh-bench-"));
  const opened: { records: number; database: Postgres; store: BrokerStore; rounds: number[][] }[] = [];
  try {
    for (const records of options.records) {
      const database = await server.createDatabase(`bench-${records}`);
      const store = openStore({ databaseUrl: database.url, dataDir });
      await store.start();
      opened.push({ records, database, store, rounds: [] });
      await store.createMesh({ mesh_id: meshId, slug: "bench", now: Date.now() });
      await fill(database, records);
      await lookUpOften(store, records, options);
    }
    for (let round = 0; round < options.rounds; round += 1)
      for (const { records, store, rounds } of opened) rounds.push(await lookUpOften(store, records, options));
    return await Promise.all(
      opened.map(async ({ records, database, rounds }) => ({
        records,
        p50Ms: median(rounds.map((times) => percentile(times, 0.5))),
        p99Ms: median(rounds.map((times) => percentile(times, 0.99))),
        bytes: Number(await database.psql("SELECT pg_total_relation_size('mesh.client_message_dedupe');\n")),
      })),
    );
  } finally {
    for (const { store } of opened) await store.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function lookUpOften(
  store: BrokerStore,
  records: number,
  { lookUps, batch }: Pick<LookUpOptions, "lookUps" | "batch">,
): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < lookUps; n += 1) {
    const ids = Array.from({ length: batch }, (_, place) => {
      const number = 1 + Math.floor(Math.random() * records);
      return idOf(place % 2 === 0 ? number : number + records);
    });
    const start = performance.now();
    const found = await store.lookUp(meshId, ids);
    times.push(performance.now() - start);
    const known = new Set(ids.filter((_, place) => place % 2 === 0)).size;
    if (found.size !== known) throw new Error(`${found.size} records found of ${known}`);
  }
  return times;
}

/** In the form of a minted id, its first bytes rising as its time would. */
function idOf(number: number): string {
  const hex = number.toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${hex}`;
}

async function fill(postgres: Postgres, records: number): Promise<void> {
  await postgres.psql(
    `INSERT INTO mesh.client_message_dedupe (mesh_id, client_message_id, broker_message_id, seq, epoch,
       request_fingerprint, fingerprint_version, sender, destination_kind, destination_ref, first_seen_at, expires_at,
       history_available)
     SELECT '${meshId}', substr(hex, 1, 8) || '-' || substr(hex, 9) || '-7000-8000-' || hex,
       ('00000000-0000-7000-8000-' || hex)::uuid, number, 1, sha256(hex::bytea), 2, repeat('a', 64), 'dm', repeat('b', 64),
       1700000000000 + number, 1800000000000 + number, false
     FROM (SELECT number, lpad(to_hex(number), 12, '0') AS hex FROM generate_series(1, ${records}) AS number) AS made;
     VACUUM ANALYZE mesh.client_message_dedupe;
     CHECKPOINT;
    `,
  );
}

if (isMain(import.meta.url)) {
  const { values } = parseArgs({
    options: { many: { type: "string", default: "5000000" }, "look-ups": { type: "string", default: "4000" } },
  });
  const server = await startPostgres();
  try {
    process.stdout.write(`${machine()}, PostgreSQL ${server.version}, 16 ids a look-up, half of them known\n`);
    const figures = await measureLookUps(server, {
      records: [10_000, Number(values.many)],
      lookUps: Number(values["look-ups"]),
      batch: 16,
      rounds: 3,
    });
    const rows = figures.map(({ records, bytes, p50Ms, p99Ms }) => [
      records.toLocaleString("en"),
      `${(bytes / 1e6).toFixed(0)} MB`,
      p50Ms.toFixed(2),
      p99Ms.toFixed(2),
    ]);
    printTable(["records", "with indexes", "p50 ms", "p99 ms"], rows);
  } finally {
    await server.stop();
  }
}
