import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { systemClock } from "../../../base/clock.ts";
import { silentLog } from "../../../base/log.ts";
import { newUuidV7 } from "../../../protocol/ids.ts";
import { onServer, sharedPostgres } from "../../testing/postgres-server.ts";
import { migrate } from "./migrate.ts";
import { waitsForLock } from "./waits-for-lock.fixture.ts";

const shipped = fileURLToPath(new URL("../../../../migrations/broker/postgres", import.meta.url));
const program = fileURLToPath(new URL("./migrate-process.fixture.ts", import.meta.url));
const names = readdirSync(shipped).sort();
const server = sharedPostgres();

/** An empty database, and a folder with the shipped migrations up to a number. */
async function start(t: TestContext, upTo = names.length) {
  const url = await (await server()).createEmptyDatabase();
  const folder = mkdtempSync(join(tmpdir(), "cm-migrations-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const add = (count: number): void => {
    for (const name of names.slice(0, count)) copyFileSync(join(shipped, name), join(folder, name));
  };
  add(upTo);
  return { url, folder, add, run: () => migrate({ url, folder, clock: systemClock, log: silentLog }) };
}

test("several brokers that start at once apply each migration once, and the next start none", async (t) => {
  const { url, run } = await start(t);
  const applied = await Promise.all([run(), run(), run()]);
  assert.deepEqual(applied.flat().sort(), names);
  assert.deepEqual(await run(), []);
  await onServer(url, async (client) => {
    const { rows } = await client.query<{ name: string }>("SELECT name FROM mesh.schema_migration ORDER BY name");
    assert.deepEqual(
      rows.map(({ name }) => name),
      names,
    );
  });
});

test("a server older than PostgreSQL 15 is refused by name, and nothing is made in it", async (t) => {
  const { url, run } = await start(t);
  const query = Client.prototype.query;
  for (const version of ["14.13 (Debian 14.13-1)", "9.6.24", ""]) {
    const mock = t.mock.method(Client.prototype, "query", function (this: Client, ...words: Parameters<typeof query>) {
      if (String(words[0]) === "SHOW server_version") return Promise.resolve({ rows: [{ server_version: version }] });
      return query.apply(this, words);
    });
    await assert.rejects(run(), { code: "invalid_config", message: /PostgreSQL .*; 15 or newer is needed/ });
    mock.mock.restore();
  }
  await onServer(url, async (client) => {
    const { rows } = await client.query("SELECT 1 FROM pg_namespace WHERE nspname = 'mesh'");
    assert.equal(rows.length, 0);
  });
});

test("an applied migration that was changed stops the start", async (t) => {
  const { folder, run } = await start(t);
  await run();
  writeFileSync(join(folder, names[0] ?? ""), "SELECT 1;");
  await assert.rejects(run, { code: "schema_newer", message: /0001_mesh\.sql was applied with other content/ });
});

test("a newer program's migration stops an older program only if it says that it breaks it", async (t) => {
  const { folder, run } = await start(t);
  const later = (name: string, sql: string) => {
    writeFileSync(join(folder, name), sql);
    return () => rmSync(join(folder, name));
  };
  const forgetAdditive = later("9001_more.sql", "ALTER TABLE mesh.topic ADD COLUMN more text;");
  assert.ok((await run()).includes("9001_more.sql"));
  forgetAdditive();
  assert.deepEqual(await run(), []);
  const forgetBreaking = later("9002_other.sql", "-- breaking\nALTER TABLE mesh.topic DROP COLUMN more;");
  assert.deepEqual(await run(), ["9002_other.sql"]);
  forgetBreaking();
  await assert.rejects(run, { code: "schema_newer", message: /9002_other\.sql/ });
});

test("a migration that fails leaves nothing of itself, and is tried again by the next start", async (t) => {
  const { url, folder, run } = await start(t);
  const file = join(folder, "9001_more.sql");
  writeFileSync(file, "CREATE TABLE mesh.more (a int); SELECT 1 / 0;");
  await assert.rejects(run, {
    code: "store_unavailable",
    message: /migration 9001_more\.sql was not applied: .*division by zero/,
    hint: /brokers that run go on/,
  });
  await onServer(url, async (client) => {
    assert.equal((await client.query("SELECT to_regclass('mesh.more') AS t")).rows[0]?.t, null);
  });
  writeFileSync(file, "CREATE TABLE mesh.more (a int);");
  assert.deepEqual(await run(), ["9001_more.sql"]);
});

/** A message as the program before client_message_id wrote it. */
async function insertOld(client: Client, meshId: string, seq: number): Promise<void> {
  await client.query(
    `INSERT INTO mesh.message_queue (mesh_id, seq, epoch, incarnation, broker_message_id, sender, destination, envelope, accepted_at)
     VALUES ($1, $2, 1, 1, $3, 'sender', 'dm:recipient', '{}', 1)`,
    [meshId, seq, newUuidV7(1)],
  );
}

const indexState = async (client: Client): Promise<string> => {
  const { rows } = await client.query<{ valid: boolean; only: boolean }>(
    `SELECT i.indisvalid AS valid, i.indisunique AS only FROM pg_index i
      WHERE i.indexrelid = to_regclass('mesh.message_queue_client_id')`,
  );
  const [index] = rows;
  return index === undefined ? "none" : `${index.valid ? "valid" : "invalid"}${index.only ? ", unique" : ""}`;
};

for (const [how, end] of [
  ["whose session the server ends", "terminate"],
  ["killed with SIGKILL", "kill"],
] as const)
  test(`a migrator ${how} in the middle of building an index is repaired by the next start`, async (t) => {
    const { url, folder, add, run } = await start(t, 2);
    await run();
    add(names.length);
    await onServer(url, async (writer) => {
      // The build waits for every transaction that may still write without the index.
      await writer.query("BEGIN");
      await insertOld(writer, newUuidV7(1), 1);
      const child = spawn(process.execPath, [program, url, folder], { stdio: "ignore" });
      const ended = new Promise((resolve) => child.once("exit", resolve));
      await onServer(url, async (client) => {
        const pid = await waitsForLock(client, ended, "claudemesh-migrate");
        assert.equal(await indexState(client), "invalid, unique");
        if (end === "kill") child.kill("SIGKILL");
        else await client.query("SELECT pg_terminate_backend($1)", [pid]);
        await ended;
        await writer.query("COMMIT");
        assert.deepEqual(await run(), names.slice(2));
        assert.equal(await indexState(client), "valid, unique");
      });
    });
  });

test("a column and an index are added while messages are written without pause: none fails, none is lost", async (t) => {
  const { url, add, run } = await start(t, 1);
  await run();
  const meshId = newUuidV7(1);
  const rows = 100_000;
  let seq = rows;
  await onServer(url, async (client) => {
    await client.query(
      `INSERT INTO mesh.message_queue (mesh_id, seq, epoch, incarnation, broker_message_id, sender, destination, envelope, accepted_at)
       SELECT $1, n, 1, 1, gen_random_uuid(), 'sender', 'dm:recipient', repeat('x', 500), 1 FROM generate_series(1, $2::int) n`,
      [meshId, seq],
    );
  });
  let running = true;
  let longestMs = 0;
  const write = (): Promise<void> =>
    onServer(url, async (client) => {
      while (running) {
        const from = performance.now();
        seq += 1;
        await insertOld(client, meshId, seq);
        longestMs = Math.max(longestMs, performance.now() - from);
      }
    });
  let before = 0;
  const migrateMeanwhile = async (): Promise<void> => {
    // No earlier than the first writes are through.
    await onServer(url, async (client) => {
      for (let more = 0; more === 0 && running; )
        more = (await client.query("SELECT 1 FROM mesh.message_queue WHERE seq > $1 LIMIT 1", [rows])).rows.length;
    });
    add(3);
    before = seq;
    assert.deepEqual(await run(), names.slice(1, 3));
  };
  const end = (): void => {
    running = false;
  };
  await Promise.all([write().finally(end), write().finally(end), migrateMeanwhile().finally(end)]);
  await onServer(url, async (client) => {
    const counted = await client.query("SELECT count(*)::int AS n FROM mesh.message_queue");
    assert.equal(counted.rows[0]?.n, seq);
    assert.equal(await indexState(client), "valid, unique");
  });
  t.diagnostic(`${seq - before} messages written meanwhile, the longest in ${longestMs.toFixed(0)} ms`);
});

test("a change that needs a table for itself gives way to who uses it, so that nobody waits behind it for long", async (t) => {
  const { url, add, run } = await start(t, 1);
  await run();
  add(2);
  await onServer(url, async (reader) => {
    await reader.query("BEGIN");
    await reader.query("SELECT count(*) FROM mesh.message_queue");
    const migrating = run();
    await onServer(url, async (writer) => {
      await writer.query("SET lock_timeout = '60s'");
      await waitsForLock(writer, migrating, "claudemesh-migrate");
      // Stands behind the change in the queue of the table's lock, until that gives up.
      await insertOld(writer, newUuidV7(1), 1);
    });
    await reader.query("COMMIT");
    assert.deepEqual(await migrating, names.slice(1, 2));
  });
});
