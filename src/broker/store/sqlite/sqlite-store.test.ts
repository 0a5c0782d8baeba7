import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { bench, idsOf, item, kinds } from "../store-bench.fixture.ts";
import type { AcceptItem, BrokerStore } from "../store.ts";
import { storeSuite } from "../store-suite.fixture.ts";
import { openSqliteStore, storeAt } from "./open-store.fixture.ts";

storeSuite("SQLite", openSqliteStore);

test("every key of a mesh's tables begins with mesh_id, so that meshes can be spread over several databases", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "cm-store-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "broker.db");
  const store = storeAt(path);
  await store.start();
  await store.stop();
  const db = new DatabaseSync(path);
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all();
  let keys = 0;
  for (const { name } of tables) {
    const columns = db
      .prepare(`PRAGMA table_info(${String(name)})`)
      .all()
      .map((column) => String(column["name"]));
    if (!columns.includes("mesh_id")) {
      assert.match(
        String(name),
        /^(fingerprint_offer|incarnation|schema_migration)$/,
        `${String(name)} belongs to no mesh`,
      );
      continue;
    }
    for (const index of db.prepare(`PRAGMA index_list(${String(name)})`).all()) {
      const [first] = db.prepare(`PRAGMA index_info(${String(index["name"])})`).all();
      // The slug names a mesh on this broker: it is looked up before its mesh_id is known.
      if (first?.["name"] === "slug") continue;
      assert.equal(first?.["name"], "mesh_id", `${String(name)}.${String(index["name"])}`);
      keys += 1;
    }
  }
  db.close();
  assert.ok(keys > 20);
});

test("a deleted mesh leaves no row in any table", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "cm-store-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "broker.db");
  const rows = (): Map<string, number> => {
    const db = new DatabaseSync(path);
    const counts = new Map<string, number>();
    for (const name of meshTables(db))
      counts.set(name, Number(db.prepare(`SELECT count(*) AS n FROM ${name}`).get()?.["n"]));
    db.close();
    return counts;
  };
  const open = async (): Promise<BrokerStore> => {
    const store = storeAt(path);
    await store.start();
    return store;
  };
  const under = await bench(t, async () => ({ store: await open(), reopen: open, tamper: async () => undefined }));
  const { meshId, alice, bob } = under;
  await under.store.stop();
  const store = await open();
  const mention = { mentions: [bob.memberId] };
  const [old] = await store.accept(meshId, [item(meshId, alice, bob, mention), item(meshId, alice, bob, mention)], 10);
  assert.equal(old?.kind, "accepted");
  await store.expireMessages(meshId, 11, { afterSeq: 0, limit: 1, dryRun: false, now: 11 });
  await store.voidIds(meshId, alice.memberId, idsOf([item(meshId, alice, bob)]), 10);
  const group = { to: alice.memberId, from: bob.memberId, signature: "s", items: [] };
  await store.addReceipts(meshId, [group], { keptMax: 6, now: 10 });
  await store.announceKeys(meshId, bob.memberId, { x25519_pubkey: "a".repeat(64), proof: "p" }, 20);
  await store.appendMembership(meshId, { n: 0, hash: "b".repeat(64), previous: null, text: "{}", effects: [] }, 20);
  const queue = { name: "work", created_by: alice.memberId, deliveries_max: 5, now: 20 };
  await store.createQueue({ mesh_id: meshId, ...queue });
  await store.accept(meshId, [item(meshId, alice, "queue:work")], 20);
  const key = { key_id: "k", key_hash: Buffer.alloc(32), member_id: alice.memberId, name: "k", scopes: [] };
  await store.createApiKey({ mesh_id: meshId, ...key, destinations: null, created_at: 10, expires_at: 100 });
  const blob = { blob_id: "c".repeat(64), bytes: 1 };
  await store.beginBlob(meshId, blob, { meshBytesMax: 10, claimedSince: 0, now: 20 });
  const db = new DatabaseSync(path);
  for (const [name] of [...rows()].filter(([, count]) => count === 0)) fill(db, name, meshId);
  db.close();
  for (const [name, count] of rows()) assert.ok(count > 0, `${name} is empty: this proves nothing`);
  await store.deleteMesh(meshId);
  await store.stop();
  for (const [name, count] of rows()) assert.equal(count, 0, name);
});

/** A row with something in every column, for what takes more than a call to come to be. */
function fill(db: DatabaseSync, table: string, meshId: string): void {
  const columns = db.prepare("SELECT name, type FROM pragma_table_info(?)").all(table);
  const values = columns.map(({ name, type }) => (name === "mesh_id" ? meshId : type === "INTEGER" ? 1 : "x"));
  db.prepare(`INSERT INTO ${table} VALUES (${columns.map(() => "?").join()})`).run(...values);
}

/** Tables whose rows belong to a mesh, from the catalogue. */
function meshTables(db: DatabaseSync): string[] {
  return db
    .prepare(
      `SELECT m.name FROM sqlite_schema m WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'
         AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) WHERE name = 'mesh_id')`,
    )
    .all()
    .map(({ name }) => String(name));
}

test("a full disk refuses the batch as a whole; what was accepted stays, and with room it goes on", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "cm-store-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const open = async (pragmas?: string): Promise<BrokerStore> => {
    const store = storeAt(join(folder, "broker.db"), pragmas === undefined ? {} : { pragmas });
    await store.start();
    return store;
  };
  const under = await bench(t, async () => ({
    store: await open("PRAGMA synchronous = FULL; PRAGMA max_page_count = 400;"),
    reopen: () => open(),
    tamper: async () => undefined,
  }));
  const { store, meshId, alice, bob } = under;
  const sent: AcceptItem[] = [];
  const full = async (): Promise<void> => {
    for (;;) {
      const batch = [item(meshId, alice, bob, { text: "x".repeat(60_000) }), item(meshId, alice, bob)];
      await store.accept(meshId, batch, 10);
      sent.push(...batch);
    }
  };
  await assert.rejects(full(), { code: "store_unavailable" });
  assert.ok(sent.length > 0);
  assert.equal((await store.log(meshId)).head, sent.length);
  await store.stop();
  const roomy = await under.reopen();
  t.after(() => roomy.stop());
  assert.equal((await roomy.lookUp(meshId, idsOf(sent))).size, sent.length);
  assert.deepEqual(kinds(await roomy.accept(meshId, [item(meshId, alice, bob)], 20)), ["accepted"]);
  assert.deepEqual((await roomy.checkConsistency(meshId, 0, 1_000)).findings, []);
});
