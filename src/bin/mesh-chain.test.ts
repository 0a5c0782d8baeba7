import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ChainBroker,
  type ChainPerson,
  chainBroker,
  chainMesh,
  chainPerson,
  chainTime,
  foundChain,
  makerOf,
} from "../daemon/membership/chain.fixture.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { nextEntry } from "../protocol/membership/chain.ts";
import type { MembershipEntry } from "../protocol/membership/entry.ts";
import { activeMembers } from "../protocol/membership/state.ts";
import { appendTo, type ChainSource, handInLost, readChain, readOn } from "./mesh-chain.ts";

/** As the admin socket and the public port answer, over what a broker of a test keeps. */
function sourceOf(broker: ChainBroker): ChainSource {
  return {
    meshId: chainMesh,
    above: async (after) =>
      (await broker.request({ type: "membership", after })) as Awaited<ReturnType<ChainSource["above"]>>,
    async handIn(entries) {
      for (const entry of entries) {
        if (broker.entries.some(({ signature }) => signature === entry.signature)) continue;
        await broker.request({ type: "membership_append", entry });
      }
    },
  };
}

function founded(more = 0): { readonly broker: ChainBroker; readonly owner: ChainPerson } {
  const owner = chainPerson("owner");
  const broker = chainBroker([foundChain(owner)]);
  for (let n = 0; n < more; n += 1)
    broker.append(owner, { kind: "admit", member: chainPerson(`m${n}`).member, role: "member" });
  return { broker, owner };
}

const admitting = (owner: ChainPerson, name: string) => {
  const { member } = chainPerson(name);
  return (state: Parameters<Parameters<typeof appendTo>[2]>[0]): MembershipEntry =>
    nextEntry(state, { kind: "admit", member, role: "member" }, makerOf(owner), chainTime);
};

test("a chain of many pages is read to its head, and a mesh without one has none", async () => {
  const { broker } = founded(600);
  const chain = await readChain(sourceOf(broker));
  assert.deepEqual([chain?.entries.length, chain?.state.n, chain?.state.head], [601, 600, broker.state()?.head]);
  assert.equal(await readChain(sourceOf(chainBroker([]))), null);
});

test("an entry that a broker altered, left out or made itself is never taken", async () => {
  const { broker, owner } = founded(3);
  const [create, first, ...rest] = broker.entries as [MembershipEntry, MembershipEntry, ...MembershipEntry[]];
  const eve = chainPerson("eve");
  const read = async (entries: readonly MembershipEntry[]) =>
    readChain({ ...sourceOf(broker), above: async () => ({ entries, head: { n: 3, hash: "ab".repeat(32) } }) });
  await assert.rejects(read([create, ...rest]), { code: "membership_invalid" });
  await assert.rejects(read([create, { ...first, at: "2026-01-02T00:00:00.000Z" }]), { code: "membership_invalid" });
  await assert.rejects(read([first]), { code: "membership_invalid" });
  await assert.rejects(read([]), { code: "protocol_error" });
  await assert.rejects(
    read([
      create,
      nextEntry(
        { meshId: chainMesh, n: 0, head: first.previous ?? "" },
        { kind: "admit", member: eve.member, role: "owner" },
        makerOf(eve),
        chainTime,
      ),
    ]),
    { code: "not_a_member" },
  );
  assert.equal(owner.name, "owner");
});

test("what a broker has lost is handed in again, in order, however much it is", async () => {
  for (const left of [0, 1, 300]) {
    const { broker } = founded(600);
    const ours = [...broker.entries];
    broker.entries = broker.entries.slice(0, left);
    assert.equal(await handInLost(sourceOf(broker), ours), 601 - left);
    assert.deepEqual(broker.entries, ours);
    assert.equal(await handInLost(sourceOf(broker), ours), 0);
  }
});

test("another chain than the one held is told, whether it is shorter, as long or longer, and nothing is handed in", async () => {
  const { broker: before, owner } = founded(3);
  const ours = [...before.entries];
  for (const length of [2, 4, 6]) {
    const broker = chainBroker(ours.slice(0, 1));
    for (let n = 1; n < length; n += 1)
      broker.append(owner, { kind: "admit", member: chainPerson(`other-${n}`).member, role: "member" });
    const theirs = [...broker.entries];
    await assert.rejects(handInLost(sourceOf(broker), ours), { code: "membership_forked" }, String(length));
    assert.deepEqual(broker.entries, theirs);
  }
});

test("an entry whose place was taken is made again on the new head; it is refused by what it says, and tried a bounded number of times", async () => {
  const { broker, owner } = founded();
  const chain = await readChain(sourceOf(broker));
  assert.ok(chain !== null);
  let others = 3;
  broker.before = (type) => {
    if (type !== "membership_append" || others === 0) return;
    others -= 1;
    broker.append(owner, { kind: "admit", member: chainPerson(`m${others}`).member, role: "member" });
  };
  await appendTo(sourceOf(broker), chain, admitting(owner, "late"));
  assert.deepEqual(
    activeMembers(chain.state).map(({ name }) => name),
    ["owner", "m2", "m1", "m0", "late"],
  );
  assert.deepEqual(chain.entries, broker.entries);
  const asked = broker.asked.length;
  await assert.rejects(appendTo(sourceOf(broker), chain, admitting(owner, "late")), { code: "already_exists" });
  assert.equal(broker.asked.length, asked, "the broker was not asked");
  others = 1_000;
  await assert.rejects(appendTo(sourceOf(broker), chain, admitting(owner, "never")), { code: "membership_moved" });
  await readOn(sourceOf(broker), chain);
  assert.equal(chain.state.names.has("never"), false);
});

test("a broker that refuses leaves the chain as it was", async () => {
  const { broker, owner } = founded();
  const chain = await readChain(sourceOf(broker));
  assert.ok(chain !== null);
  const { n, head } = chain.state;
  broker.before = (type) => {
    if (type === "membership_append") throw new ClaudemeshError("store_unavailable", "the disk is full");
  };
  await assert.rejects(appendTo(sourceOf(broker), chain, admitting(owner, "bob")), { code: "store_unavailable" });
  assert.deepEqual(
    [chain.state.n, chain.state.head, chain.state.names.has("bob"), chain.entries.length],
    [n, head, false, 1],
  );
});
