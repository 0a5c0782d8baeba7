import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Client } from "pg";
import { newUuidV7 } from "../../../protocol/ids.ts";
import { newIdentity } from "../../testing/peer.ts";
import { onServer, sharedPostgres } from "../../testing/postgres-server.ts";
import { bench, item, kinds } from "../store-bench.fixture.ts";
import type { BrokerStore } from "../store.ts";
import { storeSuite } from "../store-suite.fixture.ts";
import { openPostgresStore, postgresStoreAt, storeUnderTest } from "./open-store.fixture.ts";
import { waitsForLock } from "./waits-for-lock.fixture.ts";

const server = sharedPostgres();
storeSuite("PostgreSQL", openPostgresStore(server));

/** A bench with the address of its database, for what looks from outside; it waits for locks as long as a busy machine may need. */
async function withUrl(t: TestContext) {
  const url = await (await server()).createDatabase();
  const limits = { lockMs: 60_000, statementMs: 60_000 };
  return { url, ...(await bench(t, () => storeUnderTest(t, url, { limits }))) };
}

/** Tables of the schema by whether their rows belong to a mesh. */
async function tables(client: Client, ofMeshes: boolean): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = 'mesh' AND c.relkind = 'r' AND $1 =
        EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'mesh_id') ORDER BY 1`,
    [ofMeshes],
  );
  return rows.map(({ name }) => name);
}

test("every key of a mesh's tables begins with mesh_id, so that meshes can be spread over several nodes", async (t) => {
  const { url } = await withUrl(t);
  await onServer(url, async (client) => {
    // Of the deployment, of the server, of the brokers, of the schema: of no mesh.
    assert.deepEqual(await tables(client, false), [
      "broker_lease",
      "deployment",
      "fingerprint_offer",
      "incarnation",
      "schema_migration",
    ]);
    const { rows } = await client.query<{ index: string; key: string | null }>(
      `SELECT i.indexrelid::regclass::text AS index, a.attname AS key
         FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE n.nspname = 'mesh' AND c.relname = ANY ($1)`,
      [await tables(client, true)],
    );
    assert.ok(rows.length > 20, `${rows.length} keys`);
    // The slug names a mesh of this deployment: it is looked up before its mesh_id is known.
    assert.deepEqual(
      rows.filter(({ key }) => key !== "mesh_id").map(({ index }) => index),
      ["mesh.mesh_slug_key"],
    );
  });
});

test("a deleted mesh leaves no row in any table, and takes nothing of another", async (t) => {
  const { url, store } = await withUrl(t);
  const [gone, stays] = [newUuidV7(1), newUuidV7(1)];
  await onServer(url, async (client) => {
    const names = await tables(client, true);
    for (const name of names) for (const meshId of [gone, stays]) await fill(client, name, meshId);
    await store.deleteMesh(gone);
    for (const name of names) {
      const left = async (meshId: string) =>
        (await client.query(`SELECT 1 FROM mesh.${name} WHERE mesh_id = $1`, [meshId])).rows.length;
      assert.deepEqual([await left(gone), await left(stays)], [0, 1], name);
    }
  });
});

/** A row of made-up values: a table that is forgotten cannot be missed by a test that knows the tables. */
async function fill(client: Client, table: string, meshId: string): Promise<void> {
  const { rows } = await client.query<{ name: string; type: string }>(
    `SELECT column_name AS name, data_type AS type FROM information_schema.columns
      WHERE table_schema = 'mesh' AND table_name = $1 AND is_identity = 'NO' AND column_default IS NULL AND is_nullable = 'NO'`,
    [table],
  );
  const made: Readonly<Record<string, unknown>> = { uuid: meshId, text: meshId, bytea: Buffer.alloc(32) };
  // Of a column that takes only some words, one of them.
  const named: Readonly<Record<string, unknown>> = { mesh_id: meshId, "blob.state": "present" };
  const values = rows.map(({ name, type }) => named[name] ?? named[`${table}.${name}`] ?? made[type] ?? 1);
  await client.query(
    `INSERT INTO mesh.${table} (${rows.map(({ name }) => name).join(", ")}) VALUES (${rows.map((_, n) => `$${n + 1}`).join(", ")})`,
    values,
  );
}

test("two brokers that create one mesh at once get the same one, and of one slug for two the second is refused", async (t) => {
  const { url, store } = await withUrl(t);
  const other = postgresStoreAt(url);
  t.after(() => other.stop());
  await other.start();
  for (let round = 0; round < 20; round += 1) {
    const [mesh_id, another] = [newUuidV7(1), newUuidV7(1)];
    const [mine, theirs] = await Promise.all(
      [store, other].map((each, index) => each.createMesh({ mesh_id, slug: `same-${round}`, now: index })),
    );
    assert.deepEqual(mine, theirs);
    assert.equal((await store.topics(mesh_id)).length, 1);
    const settled = await Promise.allSettled([
      store.createMesh({ mesh_id: newUuidV7(1), slug: `one-${round}`, now: 1 }),
      other.createMesh({ mesh_id: another, slug: `one-${round}`, now: 1 }),
    ]);
    const refused = settled.flatMap((each) => (each.status === "rejected" ? [each.reason.code] : []));
    assert.deepEqual(refused, ["already_exists"]);
  }
});

test("an acknowledgement waits for a link epoch that is being raised, and then moves nothing", async (t) => {
  const { url, store, meshId, alice, bob } = await withUrl(t);
  await store.accept(meshId, [item(meshId, alice, bob)], 10);
  const acks = [{ destination: "dm", seq: 1 }];
  await onServer(url, async (client) => {
    await client.query("BEGIN");
    await client.query("UPDATE mesh.member SET link_epoch = 1 WHERE mesh_id = $1 AND member_id = $2", [
      meshId,
      bob.memberId,
    ]);
    const answer = store.acknowledge(meshId, bob.memberId, 0, acks);
    await waitsForLock(client, answer);
    await client.query("COMMIT");
    assert.equal(await answer, false);
  });
  assert.equal((await store.cursors(meshId, bob.memberId))[0]?.seq, 0);
  assert.equal(await store.acknowledge(meshId, bob.memberId, 1, acks), true);
});

test("acknowledging does not wait for who accepts in the mesh", async (t) => {
  const { url, store, meshId, alice, bob } = await withUrl(t);
  await store.accept(meshId, [item(meshId, alice, bob)], 10);
  await onServer(url, async (client) => {
    await client.query("BEGIN");
    await client.query("SELECT 1 FROM mesh.mesh_head WHERE mesh_id = $1 FOR UPDATE", [meshId]);
    assert.equal(await store.acknowledge(meshId, bob.memberId, 0, [{ destination: "dm", seq: 1 }]), true);
    await store.touchPresence(meshId, bob.memberId, 5, { agents: ["agent"], agents_told: null });
    await client.query("ROLLBACK");
  });
});

test("nobody is told of a gap who is just acknowledging the message that retention takes", async (t) => {
  const { url, store, meshId, alice, bob } = await withUrl(t);
  await store.accept(meshId, [item(meshId, alice, bob), item(meshId, alice, bob)], 10);
  await onServer(url, async (client) => {
    await client.query("BEGIN");
    await client.query("UPDATE mesh.cursor SET seq = 1 WHERE mesh_id = $1 AND member_id = $2", [meshId, bob.memberId]);
    const expiring = store.expireMessages(meshId, 11, { afterSeq: 0, limit: 10, dryRun: false, now: 11 });
    await waitsForLock(client, expiring);
    await client.query("COMMIT");
    const { removed, notices } = await expiring;
    assert.equal(removed, 2);
    assert.deepEqual(
      notices.map(({ kind, from_seq }) => `${kind} ${from_seq}`),
      ["gap 2", "expired 2"],
    );
  });
});

test("retention holds the lock for a bounded number of notices, and goes on with the next call until all are told", async (t) => {
  const { store, meshId, alice, now } = await withUrl(t);
  const away = Array.from({ length: 120 }, () => newIdentity().memberId);
  for (const [n, member_id] of away.entries())
    await store.addMember({ mesh_id: meshId, member_id, name: `away-${n}`, role: "member", now });
  await store.accept(
    meshId,
    Array.from({ length: 100 }, () => item(meshId, alice, "#all")),
    10,
  );
  const removed: number[] = [];
  let noticed = 0;
  for (let more = true; more; ) {
    const done = await store.expireMessages(meshId, 11, { afterSeq: 0, limit: 100, dryRun: false, now: 11 });
    removed.push(done.removed);
    noticed += done.notices.length;
    assert.ok(done.notices.length <= 10_000);
    more = done.removed > 0;
  }
  assert.equal(
    removed.reduce((sum, n) => sum + n, 0),
    100,
  );
  assert.ok(removed.length > 2, removed.join());
  assert.equal(noticed, 100 * (away.length + 1) + 100, "bob, too, and the sender");
});

test("receipts that come while their mesh is being deleted are not left behind", async (t) => {
  const { url, store, meshId, alice, bob } = await withUrl(t);
  const group = { to: alice.memberId, from: bob.memberId, signature: "s", items: [] };
  await onServer(url, async (client) => {
    await client.query("BEGIN");
    await client.query("DELETE FROM mesh.mesh WHERE mesh_id = $1", [meshId]);
    const adding = store.addReceipts(meshId, [group], { keptMax: 10, now: 1 });
    await waitsForLock(client, adding);
    await client.query("COMMIT");
    await adding;
    assert.equal((await client.query("SELECT 1 FROM mesh.receipt")).rows.length, 0);
  });
});

test("acknowledgements of one member's destinations, in any order and at once, never wait for each other in a circle", async (t) => {
  const { store, meshId, alice, bob, now } = await withUrl(t);
  const all = await store.topicByName(meshId, "all");
  const destinations = ["dm", `topic:${all?.topic_id}`];
  for (let n = 0; n < 8; n += 1) {
    const { topic_id } = await store.createTopic({ mesh_id: meshId, name: `t${n}`, created_by: bob.memberId, now });
    destinations.push(`topic:${topic_id}`);
  }
  for (let round = 1; round <= 20; round += 1) {
    await store.accept(meshId, [item(meshId, alice, bob)], 10);
    const acks = destinations.map((destination) => ({ destination, seq: round }));
    const orders = [acks, acks.toReversed(), acks, acks.toReversed()];
    const moved = await Promise.all(orders.map((each) => store.acknowledge(meshId, bob.memberId, 0, each)));
    assert.deepEqual(new Set(moved), new Set([true]));
  }
  assert.deepEqual(new Set((await store.cursors(meshId, bob.memberId)).map(({ seq }) => seq)), new Set([20]));
});

test("two brokers that accept, repeat and remove at once keep one log without a hole", async (t) => {
  const { url, store, meshId, alice, bob } = await withUrl(t);
  const other = postgresStoreAt(url);
  t.after(() => other.stop());
  await other.start();
  let running = true;
  const write = async (mine: BrokerStore, theirs: BrokerStore): Promise<void> => {
    for (let n = 0; n < 40; n += 1) {
      const items = Array.from({ length: 5 }, () => item(meshId, alice, bob));
      const [here, there] = await Promise.all([mine.accept(meshId, items, n), theirs.accept(meshId, items, n)]);
      const pairs = kinds(here).map((kind, index) => [kind, kinds(there)[index]].sort().join());
      assert.deepEqual(new Set(pairs), new Set(["accepted,duplicate"]));
    }
  };
  const expire = async (each: BrokerStore): Promise<number> => {
    let removed = 0;
    while (running)
      removed += (await each.expireMessages(meshId, 20, { afterSeq: 0, limit: 7, dryRun: false, now: 1 })).removed;
    return removed;
  };
  const expiring = Promise.all([expire(store), expire(other)]);
  await Promise.all([write(store, other), write(other, store)]).finally(() => {
    running = false;
  });
  const removed = (await expiring).reduce((sum, n) => sum + n, 0);
  assert.equal((await store.log(meshId)).head, 400);
  assert.deepEqual((await store.checkConsistency(meshId, 0, 1_000)).findings, []);
  const gaps = (await store.takeNotices(meshId, bob.memberId, 1_000)).map(({ from_seq }) => from_seq);
  assert.equal(gaps.length, removed, "each that was removed is told of once");
  assert.equal(new Set(gaps).size, removed);
});

test("the body of what is refused already, as for its sender's limit, does not travel to the server", async (t) => {
  const { store, meshId, alice, bob } = await bench(t, openPostgresStore(server));
  const refusal = { kind: "refused", status: 429, code: "rate_limited", message: "" } as const;
  const text = "x".repeat(60_000);
  const mentions = [bob.memberId];
  const refused = { ...item(meshId, alice, bob, { text, mentions }), refusal };
  const taken = item(meshId, alice, bob, { mentions });
  const { mock } = t.mock.method(Client.prototype, "query");
  assert.deepEqual(kinds(await store.accept(meshId, [refused, taken], 10)), ["refused", "accepted"]);
  const bytes = mock.calls
    .flatMap(({ arguments: [query] }) => (query as { values?: readonly unknown[] }).values ?? [])
    .reduce<number>((sum, value) => sum + (Buffer.isBuffer(value) ? value.length : 0), 0);
  assert.ok(bytes > 500 && bytes < 10_000, String(bytes));
  assert.equal((await store.mentions(meshId, bob.memberId, { beforeSeq: null, limit: 10 })).length, 1);
});
