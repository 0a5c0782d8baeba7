import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { sharedPostgres } from "../../testing/postgres-server.ts";
import { bench, item, changeBy, revoke } from "../store-bench.fixture.ts";
import type { RaisedLink } from "../link-store.ts";
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
  const whose = ({ other }: RaisedLink) => (other?.elsewhere === true ? other.instance_id : null);
  const raise = (by: BrokerStore, instance_id: string, now: number) =>
    by.raiseLinkEpoch(meshId, bob.memberId, { instance_id, now });
  await shared(store).extendLease(100, 200);
  const first = await raise(store, "first", 110);
  assert.equal(whose(first), null);
  assert.equal(whose(await raise(store, "first again", 115)), null, "its own broker knows its own links");
  assert.equal(whose(await raise(other, "second", 120)), "first again");
  await shared(other).extendLease(130, 230);
  await store.linkClosed(meshId, bob.memberId, first.link_epoch);
  const back = await raise(store, "third", 140);
  assert.equal(whose(back), "second", "a link closed late does not close a newer one");
  await store.linkClosed(meshId, bob.memberId, back.link_epoch);
  assert.equal(whose(await raise(other, "fourth", 150)), null);
  assert.equal(whose(await raise(store, "fifth", 230)), null, "the other's lease is over");
});

test("a sweep finds what a lost wake-up hid: heads, what is kept, and who went offline", async (t) => {
  const { store, other, meshId, alice, bob, now } = await two(t);
  const members = [alice, bob].map(({ memberId }) => ({ meshId, memberId }));
  const offline = async (from: number, to: number) =>
    (await shared(store).offline([meshId], { from, to })).map(({ name }) => name);
  assert.deepEqual(await shared(store).heads([meshId]), [{ mesh_id: meshId, seq: 0, key_seq: 0, membership: null }]);
  assert.deepEqual(await shared(store).heads([]), []);
  assert.deepEqual(await shared(store).owed(members), []);
  assert.deepEqual(await offline(0, 100), []);

  await other.accept(meshId, [item(meshId, alice, bob)], 10);
  await other.addReceipts(meshId, [{ to: alice.memberId, from: bob.memberId, signature: "s", items: [] }], {
    keptMax: 10,
    now,
  });
  await other.touchPresence(meshId, bob.memberId, 50, { agents: [], agents_told: null });
  await changeBy(other, meshId, [], now);
  const membership = { n: 0, hash: "0".repeat(64) };
  assert.deepEqual(await shared(store).heads([meshId]), [{ mesh_id: meshId, seq: 1, key_seq: 0, membership }]);
  assert.deepEqual(await shared(store).owed(members), members.slice(0, 1));
  assert.deepEqual(await offline(40, 50), ["bob"]);
  assert.deepEqual(await offline(50, 60), [], "told once");
});

test("a link is told from its member's newer one by who opened that and whether it is still there", async (t) => {
  const { store, other, meshId, bob, now } = await two(t);
  const why = async (instanceId: string, linkEpoch: number, at: number) => {
    const link = { meshId, memberId: bob.memberId, instanceId, linkEpoch };
    return (await shared(store).endedLinks([link], at)).map((ended) => {
      assert.equal(ended.link, link);
      return ended.why;
    });
  };
  await shared(other).extendLease(100, 200);
  const first = await store.raiseLinkEpoch(meshId, bob.memberId, { instance_id: "one", now });
  assert.deepEqual(await why("one", first.link_epoch, 110), []);
  const second = await other.raiseLinkEpoch(meshId, bob.memberId, { instance_id: "two", now });
  assert.deepEqual(await why("one", first.link_epoch, 110), ["replaced"]);
  assert.deepEqual(await why("two", first.link_epoch, 110), ["followed"], "the same daemon");
  assert.deepEqual(await why("one", first.link_epoch, 200), ["followed"], "of a broker whose lease is over");
  await other.linkClosed(meshId, bob.memberId, second.link_epoch);
  assert.deepEqual(await why("one", first.link_epoch, 110), ["released"], "it is nobody's any more");
  await store.raiseLinkEpoch(meshId, bob.memberId, { instance_id: "three", now });
  assert.deepEqual(await why("one", first.link_epoch, 110), [], "its own broker opens the newer one");
  await revoke(other, meshId, bob.memberId, now);
  assert.deepEqual(await why("three", 99, 110), ["revoked"]);
});
