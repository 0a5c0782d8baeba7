import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { MembershipEntry } from "../../protocol/membership/entry.ts";
import { createManualClock } from "../../base/manual-clock.fixture.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { defaultBrokerLimits } from "../broker-limits.ts";
import { openSqliteStore } from "../store/sqlite/open-store.fixture.ts";
import type { BrokerStore } from "../store/store.ts";
import { beginChainOf, newMemberOf } from "../testing/chain.ts";
import { newIdentity } from "../testing/peer.ts";
import { type ChainsParts, createChains } from "./chains.ts";

const meshId = "01890000-0000-7000-8000-00000000000a";
const at = "2026-01-01T00:00:00.000Z";

/** Chains of one broker over a store that others may share, and the owner's own copy. */
async function bench(t: TestContext, limits: Partial<ChainsParts["limits"]> = {}) {
  const { store } = await openSqliteStore(t);
  await store.createMesh({ mesh_id: meshId, slug: "test", now: 1 });
  const owner = newIdentity();
  const writer = beginChainOf(meshId, owner, at);
  const appended: string[] = [];
  const reads: number[] = [];
  const broker = (over: Partial<BrokerStore> = {}) =>
    createChains({
      store: {
        membershipHead: store.membershipHead,
        appendMembership: store.appendMembership,
        membershipAbove(...asked) {
          reads.push(asked[1]);
          return store.membershipAbove(...asked);
        },
        ...over,
      },
      clock: createManualClock(),
      limits: { ...defaultBrokerLimits, ...limits },
      appended: (entry) => void appended.push(entry.kind),
    });
  const admit = (name: string) =>
    writer.add(owner, { kind: "admit", member: newMemberOf(meshId, newIdentity(), name), role: "member" });
  const first = writer.entries[0] ?? assert.fail();
  return { store, owner, writer, first, appended, reads, broker, admit };
}

const begins = { begins: true };

test("what another broker appended is followed from the entry that is kept, and verified", async (t) => {
  const { broker, first, admit, reads, writer } = await bench(t);
  const [one, two] = [broker(), broker()];
  await one.append(meshId, [first], begins);
  assert.equal((await two.known(meshId))?.n, 0);
  await one.append(meshId, [admit("bob"), admit("carol")], begins);
  assert.equal((await two.known(meshId))?.n, 0, "nobody has told it yet");
  reads.length = 0;
  assert.equal((await two.fresh(meshId))?.head, writer.state().head);
  assert.equal(reads[0], 0, "only what is new is read");
  assert.equal((await two.known(meshId))?.members.size, 3);
});

test("who asks after a chain is known to have more waits for it, and what cannot be read is not gone by", async (t) => {
  const { broker, first, admit, store } = await bench(t);
  let away = false;
  const two = broker({
    async membershipHead(...asked) {
      if (away) throw new ClaudemeshError("store_unavailable", "away");
      return store.membershipHead(...asked);
    },
  });
  await broker().append(meshId, [first], begins);
  await two.known(meshId);
  await broker().append(meshId, [admit("bob")], begins);
  two.follow(meshId);
  assert.equal((await two.known(meshId))?.n, 1);
  await broker().append(meshId, [admit("carol")], begins);
  away = true;
  two.follow(meshId);
  await assert.rejects(two.known(meshId), { code: "store_unavailable" });
  assert.equal(two.kept(meshId), null);
  away = false;
  assert.equal((await two.known(meshId))?.n, 2);
});

test("an entry that the store does not take leaves nothing behind: what is kept is read anew", async (t) => {
  const { broker, first, admit, appended, store } = await bench(t);
  let fails = true;
  const chains = broker({
    async appendMembership(...asked) {
      if (!fails) return store.appendMembership(...asked);
      throw new ClaudemeshError("store_unavailable", "the disk is full");
    },
  });
  await assert.rejects(chains.append(meshId, [first], begins), { code: "store_unavailable" });
  assert.equal(await chains.known(meshId), null);
  fails = false;
  await chains.append(meshId, [first], begins);
  fails = true;
  const bob = admit("bob");
  await assert.rejects(chains.append(meshId, [bob], begins), { code: "store_unavailable" });
  assert.equal((await chains.known(meshId))?.members.size, 1);
  fails = false;
  await chains.append(meshId, [bob], begins);
  assert.deepEqual(appended, ["create", "admit"]);
  assert.equal((await chains.known(meshId))?.members.size, 2);
});

test("a store that was put back is read from the beginning, whether it has less or another past", async (t) => {
  const { broker, first, admit, store, writer } = await bench(t);
  const [one, two] = [broker(), broker()];
  await one.append(meshId, [first, admit("bob")], begins);
  const { head } = writer.state();
  assert.equal((await two.known(meshId))?.head, head);
  const other = beginChainOf(meshId, newIdentity(), at);
  for (const entries of [[first], other.entries]) {
    await store.deleteMesh(meshId);
    await store.createMesh({ mesh_id: meshId, slug: "test", now: 2 });
    assert.equal(await one.fresh(meshId), null);
    await one.append(meshId, entries, begins);
    const kept = await two.fresh(meshId);
    assert.deepEqual([kept?.n, kept?.members.size], [0, 1]);
    assert.equal(kept?.head, (await one.known(meshId))?.head);
  }
});

test("entries that are here are passed over, and those after them appended; before an entry that is wrong, all are", async (t) => {
  const { broker, first, admit, appended, writer, owner } = await bench(t);
  const chains = broker();
  const bob = admit("bob");
  await chains.append(meshId, [first, bob], begins);
  const carol = admit("carol");
  await chains.append(meshId, [first, bob, carol], { begins: false });
  assert.deepEqual(appended, ["create", "admit", "admit"]);
  const dave = admit("dave");
  const twice = writer.draft(owner, {
    kind: "admit",
    member: newMemberOf(meshId, newIdentity(), "dave"),
    role: "guest",
  });
  await assert.rejects(chains.append(meshId, [dave, twice], begins), { code: "already_exists" });
  assert.equal((await chains.fresh(meshId))?.n, 3);
});

test("an entry that is too large is refused, and so is one more than may wait", async (t) => {
  const { broker, first, admit } = await bench(t, { membershipEntryBytesMax: 900, membershipAppendsMax: 2 });
  const chains = broker();
  await chains.append(meshId, [first], begins);
  const [bob, carol] = [admit("bob"), admit("carol")];
  const large = { ...carol, ...{ padding: "x".repeat(900) } } as MembershipEntry;
  await assert.rejects(chains.append(meshId, [large], begins), { code: "membership_moved" });
  await chains.append(meshId, [bob], begins);
  await assert.rejects(chains.append(meshId, [large], begins), { code: "membership_invalid" });
  const asked = await Promise.allSettled([1, 2, 3].map(() => chains.append(meshId, [carol], begins)));
  assert.deepEqual(
    asked.map((one) => (one.status === "fulfilled" ? one.value.n : (one.reason as ClaudemeshError).code)),
    [2, 2, "rate_limited"],
  );
  assert.equal((await chains.append(meshId, [carol], begins)).n, 2, "there is room again");
});

test("chains that are not asked for give way to others, and are read again when they are", async (t) => {
  const { broker, first, store, admit } = await bench(t, { membershipCachedEntriesMax: 2 });
  const chains = broker();
  await chains.append(meshId, [first, admit("bob")], begins);
  const otherId = "01890000-0000-7000-8000-00000000000b";
  await store.createMesh({ mesh_id: otherId, slug: "other", now: 1 });
  await chains.append(otherId, beginChainOf(otherId, newIdentity(), at).entries, begins);
  assert.equal(chains.kept(meshId), null);
  assert.equal(chains.kept(otherId)?.n, 0);
  assert.equal((await chains.known(meshId))?.n, 1);
  assert.equal(chains.kept(otherId), null);
});

test("a chain that somebody has altered in the store is not gone by", async (t) => {
  const { broker, first, admit, store } = await bench(t);
  await broker().append(meshId, [first], begins);
  const forged = { ...admit("bob"), role: "owner" } as MembershipEntry;
  const text = JSON.stringify(forged);
  await store.appendMembership(meshId, { n: 1, hash: "f".repeat(64), previous: forged.previous, text, effects: [] }, 1);
  await assert.rejects(broker().known(meshId), { code: "membership_invalid" });
});

test("verifying a long chain leaves turns to others", async (t) => {
  const { broker, first, admit } = await bench(t);
  const entries = [first, ...Array.from({ length: 60 }, (_, n) => admit(`m${n}`))];
  await broker().append(meshId, entries, begins);
  const chains = broker();
  let turns = 0;
  let done = false;
  const count = (): void => {
    turns += 1;
    if (!done) setImmediate(count);
  };
  setImmediate(count);
  assert.equal((await chains.known(meshId))?.n, 60);
  done = true;
  assert.ok(turns >= 3, `${turns} turns of the event loop`);
});
