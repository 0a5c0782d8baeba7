import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { sharedPostgres } from "../../testing/postgres-server.ts";
import { bench, item } from "../store-bench.fixture.ts";
import type { SharedStore } from "../shared-store.ts";
import type { BrokerStore } from "../store.ts";
import { postgresStoreAt, storeUnderTest } from "./open-store.fixture.ts";

const server = sharedPostgres();

/** Two brokers' stores over one database. */
async function two(t: TestContext) {
  const url = await (await server()).createDatabase();
  const under = await bench(t, () => storeUnderTest(t, url));
  const other = postgresStoreAt(url);
  t.after(() => other.stop());
  await other.start();
  return { ...under, other };
}

function shared(store: BrokerStore): SharedStore {
  assert.ok(store.shared !== null);
  return store.shared;
}

test("brokers count each other by their leases, and the eldest of those alive knows that it is", async (t) => {
  const { store, other } = await two(t);
  assert.deepEqual(await shared(store).extendLease(100, 200), { live: 1, eldest: true });
  assert.deepEqual(await shared(other).extendLease(150, 250), { live: 2, eldest: false });
  assert.deepEqual(await shared(store).extendLease(160, 260), { live: 2, eldest: true });
  assert.deepEqual(await shared(other).extendLease(260, 360), { live: 1, eldest: true }, "a lease ends by itself");
  assert.deepEqual(await shared(store).extendLease(300, 400), { live: 2, eldest: true }, "the same broker, late");
  await shared(store).endLease();
  assert.deepEqual(await shared(other).extendLease(310, 410), { live: 1, eldest: true });
});

test("a link raised while another live broker holds one says whose it was; a closed link or a dead broker holds none", async (t) => {
  const { store, other, meshId, bob } = await two(t);
  const raise = (by: BrokerStore, instance_id: string, now: number) =>
    by.raiseLinkEpoch(meshId, bob.memberId, { instance_id, now });
  await shared(store).extendLease(100, 200);
  const first = await raise(store, "first", 110);
  assert.equal(first.elsewhere, null);
  assert.equal((await raise(store, "first again", 115)).elsewhere, null, "its own broker knows its own links");
  assert.equal((await raise(other, "second", 120)).elsewhere, "first again");
  await shared(other).extendLease(130, 230);
  await shared(store).linkClosed(meshId, bob.memberId, first.link_epoch);
  const back = await raise(store, "third", 140);
  assert.equal(back.elsewhere, "second", "a link closed late does not close a newer one");
  await shared(store).linkClosed(meshId, bob.memberId, back.link_epoch);
  assert.equal((await raise(other, "fourth", 150)).elsewhere, null);
  assert.equal((await raise(store, "fifth", 230)).elsewhere, null, "the other's lease is over");
});

test("a sweep finds what a lost wake-up hid: heads, newer links, revoked members, what is kept, who went offline", async (t) => {
  const { store, other, meshId, alice, bob, now } = await two(t);
  const link = (memberId: string, link_epoch: number) => ({ mesh_id: meshId, member_id: memberId, link_epoch });
  const links = [link(alice.memberId, 0), link(bob.memberId, 0)];
  const quiet = { heads: [{ mesh_id: meshId, epoch: 1, seq: 0 }], ended: [], owed: [], offline: [] };
  assert.deepEqual(await shared(store).sweep(links, { from: 0, to: 100 }), quiet);
  assert.deepEqual((await shared(store).sweep([], { from: 0, to: 100 })).heads, []);

  await other.accept(meshId, [item(meshId, alice, bob)], 10);
  await other.addReceipts(meshId, [{ to: alice.memberId, from: bob.memberId, signature: "s", items: [] }], {
    keptMax: 10,
    now,
  });
  await other.raiseLinkEpoch(meshId, bob.memberId, { instance_id: "i", now });
  await other.touchPresence(meshId, bob.memberId, 50, []);
  const swept = await shared(store).sweep(links, { from: 40, to: 50 });
  assert.deepEqual(swept.heads, [{ mesh_id: meshId, epoch: 1, seq: 1 }]);
  assert.deepEqual(swept.ended, [{ mesh_id: meshId, member_id: bob.memberId, link_epoch: 0, revoked: false }]);
  assert.deepEqual(swept.owed, [{ mesh_id: meshId, member_id: alice.memberId }]);
  assert.deepEqual(
    swept.offline.map(({ name }) => name),
    ["bob"],
  );
  assert.deepEqual((await shared(store).sweep(links, { from: 50, to: 60 })).offline, [], "told once");
  await other.revokeMember(meshId, bob.memberId, now);
  const [ended] = (await shared(store).sweep(links, { from: 50, to: 60 })).ended;
  assert.deepEqual(ended, { mesh_id: meshId, member_id: bob.memberId, link_epoch: 0, revoked: true });
});
