/**
 * The store's accept alone, without links: prepared batches of 256 through the broker's own store, sound, with every
 * index, each batch a commit with fsync. Beside it COPY of the very rows that this wrote into the same tables, once as
 * batches that each commit and once as one transaction: what the server takes when nothing is asked of it.
 * `node bench/store-accept.ts [--count 65536] [--batch 256]`
 */
import { mkdtempSync, rmSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { AcceptItem, BrokerStore } from "../src/broker/store/store.ts";
import { envelopeOf, newIdentity } from "../src/broker/testing/peer.ts";
import { newUuidV7 } from "../src/protocol/ids.ts";
import { machine } from "./ceilings.ts";
import { isMain, type LoadFigures, percentile, printTable } from "./figures.ts";
import { openStore } from "./open-store.ts";
import { type Postgres, startPostgres } from "./postgres.ts";

export interface StoreAcceptOptions {
  readonly count: number;
  readonly batch: number;
  readonly meshes: number;
  /** Meshes accept side by side, one batch each at a time; so many connections serve them. */
  readonly connections: number;
}

/** Latencies are of one batch. Leaves what it wrote in the database. */
export async function measureStoreAccept(
  databaseUrl: string | null,
  options: StoreAcceptOptions,
): Promise<LoadFigures> {
  const dataDir = mkdtempSync(join(tmpdir(), "claudemesh-bench-"));
  const store = openStore({ databaseUrl, dataDir, acceptConnections: options.connections });
  try {
    await store.start();
    const loads: { meshId: string; batches: AcceptItem[][] }[] = [];
    for (let mesh = 0; mesh < options.meshes; mesh += 1) loads.push(await prepareMesh(store, mesh, options));
    const times: number[] = [];
    const start = performance.now();
    await Promise.all(loads.map(({ meshId, batches }) => acceptAll(store, meshId, batches, times)));
    const seconds = (performance.now() - start) / 1_000;
    const accepted = times.length * options.batch;
    return { perSecond: accepted / seconds, p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) };
  } finally {
    await store.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function prepareMesh(
  store: BrokerStore,
  mesh: number,
  options: StoreAcceptOptions,
): Promise<{ meshId: string; batches: AcceptItem[][] }> {
  const now = Date.now();
  const { mesh_id } = await store.createMesh({ mesh_id: newUuidV7(now), slug: `bench-${mesh}`, now });
  const [sender, receiver] = [newIdentity(), newIdentity()];
  for (const [name, { memberId }] of Object.entries({ sender, receiver }))
    await store.addMember({ mesh_id, member_id: memberId, name, role: "member", now });
  const item = (number: number): AcceptItem => {
    const text = randomBytes(225).toString("base64url");
    const client_message_id = newUuidV7(now + number);
    const envelope = envelopeOf(mesh_id, sender, receiver.memberId, text, { client_message_id });
    const fingerprint = Buffer.from(envelope.request_fingerprint, "hex");
    return { envelope, fingerprint, linkEpoch: 0, broker_message_id: newUuidV7(now + number), refusal: null };
  };
  const batches = Math.floor(options.count / options.meshes / options.batch);
  return {
    meshId: mesh_id,
    batches: Array.from({ length: batches }, (_, batch) =>
      Array.from({ length: options.batch }, (_, place) => item(batch * options.batch + place)),
    ),
  };
}

async function acceptAll(
  store: BrokerStore,
  meshId: string,
  batches: readonly (readonly AcceptItem[])[],
  times: number[],
): Promise<void> {
  for (const batch of batches) {
    const start = performance.now();
    const outcomes = await store.accept(meshId, batch, Date.now());
    times.push(performance.now() - start);
    const refused = outcomes.find(({ kind }) => kind !== "accepted");
    if (refused !== undefined) throw new Error(`not accepted: ${JSON.stringify(refused)}`);
  }
}

const copiedTables = ["mesh.message_queue", "mesh.client_message_dedupe"] as const;

/** Reads the rows of the tables, empties them, and copies the rows back; both tables, messages a second. */
export async function measureCopy(postgres: Postgres, batch: number | "all"): Promise<number> {
  const rows: string[][] = [];
  for (const table of copiedTables) rows.push((await postgres.psql(`COPY ${table} TO STDOUT;\n`)).split("\n"));
  await postgres.psql(`TRUNCATE ${copiedTables.join(", ")};\nCHECKPOINT;\n`);
  const count = rows[0]?.length ?? 0;
  const size = batch === "all" ? count : batch;
  const script: string[] = [];
  for (let from = 0; from < count; from += size) {
    script.push("BEGIN;");
    for (const [place, table] of copiedTables.entries())
      script.push(`COPY ${table} FROM STDIN;`, (rows[place] ?? []).slice(from, from + size).join("\n"), "\\.");
    script.push("COMMIT;");
  }
  const text = `${script.join("\n")}\n`;
  const start = performance.now();
  await postgres.psql(text);
  return count / ((performance.now() - start) / 1_000);
}

if (isMain(import.meta.url)) {
  const { values } = parseArgs({
    options: { count: { type: "string", default: "65536" }, batch: { type: "string", default: "256" } },
  });
  const shape = { count: Number(values.count), batch: Number(values.batch) };
  const server = await startPostgres();
  try {
    process.stdout.write(`${machine()}, PostgreSQL ${server.version}, batches of ${shape.batch}\n`);
    const rows: string[][] = [];
    for (const [meshes, connections] of [
      [1, 1],
      [8, 4],
    ] as const) {
      const database = await server.createDatabase("bench");
      const figures = await measureStoreAccept(database.url, { ...shape, meshes, connections });
      rows.push([
        `accept, ${meshes} mesh${meshes === 1 ? "" : "es"} over ${connections} connection${connections === 1 ? "" : "s"}`,
        Math.round(figures.perSecond).toLocaleString("en"),
        figures.p50Ms.toFixed(1),
        figures.p99Ms.toFixed(1),
      ]);
      for (const size of [shape.batch, "all"] as const) {
        const perSecond = await measureCopy(database, size);
        const title = size === "all" ? "in one transaction" : `in batches of ${size}`;
        rows.push([`COPY of its rows ${title}`, Math.round(perSecond).toLocaleString("en"), "", ""]);
      }
    }
    printTable(["store alone", "messages/s", "batch p50 ms", "batch p99 ms"], rows);
  } finally {
    await server.stop();
  }
}
