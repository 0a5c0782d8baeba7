import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { inspect } from "node:util";
import { type Log, silentLog } from "../../../base/log.ts";
import { newUuidV7 } from "../../../protocol/ids.ts";
import { onServer, startPostgres } from "../../testing/postgres-server.ts";
import { bench, item, kinds } from "../store-bench.fixture.ts";
import { type ConnectionLimits, openConnections } from "./connections.ts";
import { postgresStoreAt, storeUnderTest } from "./open-store.fixture.ts";
import { waitsForLock } from "./waits-for-lock.fixture.ts";

const unavailable = { code: "store_unavailable" };

/** As long as a busy machine may need to look whether somebody waits. */
const patient = { lockMs: 60_000, statementMs: 60_000 };

/** A bench on a server of its own, which the test may stop. */
async function ownServer(t: TestContext, limits: Partial<ConnectionLimits> = {}) {
  const server = await startPostgres();
  t.after(() => server.remove());
  const under = await bench(t, () => storeUnderTest(t, server.url(), { limits }));
  return { server, ...under };
}

test("the password is in no error and in no line of the log, whatever is wrong", async (t) => {
  const server = await startPostgres();
  t.after(() => server.remove());
  const password = "s3cret/of#the mesh";
  await onServer(server.url(), (client) => client.query(`CREATE ROLE mesh LOGIN SUPERUSER PASSWORD '${password}'`));
  await server.stop();
  writeFileSync(
    join(server.dataDir, "pg_hba.conf"),
    "host all postgres 127.0.0.1/32 trust\nhost all mesh 127.0.0.1/32 scram-sha-256\n",
  );
  await server.start();
  const said: string[] = [];
  const write = (fields: Record<string, unknown>, message: string): void =>
    void said.push(`${message} ${inspect(fields, { depth: 10 })}`);
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const place = `127.0.0.1:${server.port}`;
  const failed = async (url: string, code: string): Promise<void> => {
    const store = postgresStoreAt(url, { log });
    await assert.rejects(store.start(), (thrown: { code: string }) => {
      said.push(inspect(thrown, { depth: 10, showHidden: true }), JSON.stringify(thrown), String(thrown));
      assert.equal(thrown.code, code, inspect(thrown));
      return true;
    });
    await store.stop();
  };
  const encoded = encodeURIComponent(password);
  await failed(`postgres://mesh:${encoded}x@${place}/postgres`, "store_unavailable");
  await failed(`postgres://mesh:${encoded}@${place}/nowhere`, "store_unavailable");
  await failed(`postgres://mesh:${encoded}@127.0.0.1:1/postgres`, "store_unavailable");
  await failed(`postgres://mesh:${encoded}@no-such-host.invalid/postgres`, "store_unavailable");
  await failed(`postgres://mesh:${password}@${place}/postgres`, "invalid_config");
  const store = postgresStoreAt(`postgres://mesh:${encoded}@${place}/postgres`, { log });
  t.after(() => store.stop());
  await store.start();
  await server.stop("immediate");
  await assert.rejects(store.ping(), (thrown) => {
    said.push(inspect(thrown, { depth: 10, showHidden: true }));
    return true;
  });
  assert.ok(said.length > 16);
  for (const text of said)
    for (const secret of [password, encoded, "s3cret"]) assert.equal(text.includes(secret), false, text);
});

test("while the server is away calls fail and may be tried again; once it is back they work, and nothing is lost", async (t) => {
  const { server, store, meshId, alice, bob } = await ownServer(t);
  const [before, after] = [item(meshId, alice, bob), item(meshId, alice, bob)];
  await store.accept(meshId, [before], 10);
  for (const how of ["fast", "immediate"] as const) {
    await server.stop(how);
    await assert.rejects(store.accept(meshId, [after], 20), unavailable);
    await assert.rejects(store.ping(), unavailable);
    await assert.rejects(store.deleteTopic(meshId, "all", 1), unavailable);
    await server.start();
    await store.ping();
  }
  assert.deepEqual(kinds(await store.accept(meshId, [before, after], 30)), ["duplicate", "accepted"]);
  assert.equal((await store.log(meshId)).head, 2);
});

test("a session that ends in the middle of accepting leaves nothing behind, and the batch is accepted when it is sent again", async (t) => {
  const { server, store, meshId, alice, bob } = await ownServer(t, patient);
  const sent = [item(meshId, alice, bob), item(meshId, alice, bob)];
  await onServer(server.url(), async (client) => {
    await client.query("BEGIN");
    await client.query("SELECT 1 FROM mesh.mesh_head WHERE mesh_id = $1 FOR UPDATE", [meshId]);
    const accepting = store.accept(meshId, sent, 10);
    const pid = await waitsForLock(client, accepting);
    await client.query("SELECT pg_terminate_backend($1)", [pid]);
    await assert.rejects(accepting, unavailable);
    const creating = store.createTopic({ mesh_id: meshId, name: "builds", created_by: alice.memberId, now: 1 });
    await client.query("SELECT pg_terminate_backend($1)", [await waitsForLock(client, creating)]);
    await assert.rejects(creating, unavailable);
    await client.query("ROLLBACK");
  });
  assert.equal(await store.topicByName(meshId, "builds"), null);
  assert.deepEqual(kinds(await store.accept(meshId, sent, 20)), ["accepted", "accepted"]);
});

test("a mesh whose lock is held for too long is refused for now; the connections and the other meshes go on", async (t) => {
  const { server, store, meshId, alice, bob, now } = await ownServer(t, { lockMs: 100 });
  const other = await store.createMesh({ mesh_id: newUuidV7(1), slug: "other", now });
  for (const { memberId } of [alice, bob])
    await store.addMember({ mesh_id: other.mesh_id, member_id: memberId, name: memberId, role: "member", now });
  await onServer(server.url(), async (client) => {
    await client.query("BEGIN");
    await client.query("SELECT 1 FROM mesh.mesh_head WHERE mesh_id = $1 FOR UPDATE", [meshId]);
    const waitedTooLong = { ...unavailable, message: /55P03/ };
    await assert.rejects(store.accept(meshId, [item(meshId, alice, bob)], 10), waitedTooLong);
    await assert.rejects(store.voidIds(meshId, alice.memberId, ["an id"], 10), waitedTooLong);
    const there = await store.accept(other.mesh_id, [item(other.mesh_id, alice, bob)], 10);
    assert.deepEqual(kinds(there), ["accepted"]);
    await client.query("ROLLBACK");
  });
  assert.deepEqual(kinds(await store.accept(meshId, [item(meshId, alice, bob)], 10)), ["accepted"]);
});

test("a statement that takes too long is ended by the server, and its connection serves the next", async (t) => {
  const server = await startPostgres();
  t.after(() => server.remove());
  const connections = openConnections({
    url: server.url(),
    log: silentLog,
    queryConnections: 1,
    limits: { statementMs: 100 },
    opened: async () => "life",
    over: () => false,
  });
  t.after(() => connections.close());
  const pid = () => connections.query(async (sql) => (await sql.rows("SELECT pg_backend_pid() AS pid"))[0]?.["pid"]);
  const before = await pid();
  await assert.rejects(
    connections.query((sql) => sql.rows("SELECT pg_sleep(3600)")),
    { code: "store_unavailable", message: /57014/ },
  );
  assert.equal(await pid(), before);
});

test("a server that says nothing any more fails every call in bounded time, and stopping too; when it goes on, so does the store", async (t) => {
  const limits = { connectMs: 300, statementMs: 200, silenceMs: 100 };
  const { server, store, meshId, alice, bob } = await ownServer(t, limits);
  await store.accept(meshId, [item(meshId, alice, bob)], 10);
  const stopping = postgresStoreAt(server.url(), { limits });
  await stopping.start();
  const sessions = await onServer(server.url(), async (client) => {
    const { rows } = await client.query<{ pid: number }>(
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'claudemesh-broker'",
    );
    return rows.map(({ pid }) => pid);
  });
  assert.ok(sessions.length >= 3);
  const signal = (name: "SIGSTOP" | "SIGCONT"): void => {
    server.signal(name);
    // A session may have ended when its connection was given up.
    for (const pid of sessions) {
      try {
        process.kill(pid, name);
      } catch (thrown) {
        assert.equal(name, "SIGCONT", String(thrown));
      }
    }
  };
  const next = item(meshId, alice, bob);
  signal("SIGSTOP");
  try {
    for (let n = 0; n < 4; n += 1) {
      await assert.rejects(store.accept(meshId, [next], 20), unavailable);
      await assert.rejects(store.ping(), unavailable);
      await assert.rejects(store.subscribe(meshId, bob.memberId, "all", 1), unavailable);
    }
    await stopping.stop();
  } finally {
    signal("SIGCONT");
  }
  // What was asked meanwhile may have been done or not: the id tells.
  const [outcome] = kinds(await store.accept(meshId, [next], 30));
  assert.ok(outcome === "accepted" || outcome === "duplicate", outcome);
  assert.equal((await store.log(meshId)).head, 2);
});
