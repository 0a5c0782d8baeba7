import assert from "node:assert/strict";
import fc from "fast-check";
import { concurrencyPolicies, type ConcurrencyPolicy } from "../../protocol/concurrency.ts";
import { newUuidV7 } from "../../protocol/ids.ts";
import { newIdentity } from "../testing/peer.ts";
import { item } from "./store-bench.fixture.ts";
import { type LinkPlace, sendingEpochFrom, sendingLinksMax } from "./link-store.ts";
import type { BrokerStore } from "./store.ts";

/**
 * The links of one member against a model in memory: three daemons with its keys, which dial, are started anew, lose their links and are
 * replaced, at brokers that die and whose leases end, under policies that change, in any order. After every step each link that there ever
 * was may do exactly what the model says, and at most one may acknowledge.
 */
type Step =
  | { readonly do: "hello"; readonly daemon: number; readonly broker: number; readonly anew: boolean }
  | { readonly do: "close"; readonly which: number; readonly noted: boolean }
  | { readonly do: "die"; readonly broker: number }
  | { readonly do: "lease"; readonly broker: number }
  | { readonly do: "time"; readonly ms: number }
  | { readonly do: "policy"; readonly policy: ConcurrencyPolicy };

const broker = fc.nat(1);
// Under allow_concurrent there is most to go wrong.
const policy = fc.constantFrom<ConcurrencyPolicy>(...concurrencyPolicies, "allow_concurrent", "allow_concurrent");
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("hello" as const), daemon: fc.nat(2), broker, anew: fc.boolean() }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("close" as const),
      which: fc.nat(40),
      noted: fc.constantFrom(true, true, false),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("die" as const), broker }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("lease" as const), broker }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("time" as const), ms: fc.constantFrom(1, 20, 60) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("policy" as const), policy: policy }),
  },
);

const leaseMs = 50;

/** Brokers over one store: one with a store of its own, or two. */
export interface LinkModelStores {
  stores(): readonly BrokerStore[];
  /** The process is gone: nothing of it is said to the store. One with a store of its own is started anew. */
  died(broker: number): Promise<void>;
}

interface ModelLink {
  readonly epoch: number;
  readonly broker: number;
  readonly instance: string;
  readonly receives: boolean;
  /** Its broker holds it. */
  held: boolean;
}

interface World {
  readonly under: LinkModelStores;
  readonly meshId: string;
  readonly alice: ReturnType<typeof newIdentity>;
  readonly bob: ReturnType<typeof newIdentity>;
  readonly daemons: { instance: string; previous: string | null; opened: boolean }[];
  readonly links: ModelLink[];
  readonly leases: number[];
  now: number;
  policy: ConcurrencyPolicy;
  receiving: { epoch: number; instance: string; broker: number | null };
  readonly sending: Map<number, { readonly instance: string; readonly broker: number }>;
}

export async function checkLinkModel(open: () => Promise<LinkModelStores>, runs: number): Promise<void> {
  const under = await open();
  await fc.assert(
    fc.asyncProperty(policy, fc.array(step, { minLength: 10, maxLength: 25 }), async (first, steps) => {
      const world = await begin(under);
      await take(world, { do: "policy", policy: first });
      for (const each of steps) {
        await take(world, each);
        await check(world);
      }
    }),
    { numRuns: runs },
  );
}

async function begin(under: LinkModelStores): Promise<World> {
  const [store] = under.stores();
  assert.ok(store !== undefined);
  const meshId = newUuidV7(Date.now());
  const [alice, bob] = [newIdentity(), newIdentity()];
  await store.createMesh({ mesh_id: meshId, slug: meshId, now: 0 });
  for (const [name, { memberId: member_id }] of Object.entries({ alice, bob }))
    await store.addMember({ mesh_id: meshId, member_id, name, role: "member", now: 0 });
  const world: World = {
    under,
    meshId,
    alice,
    bob,
    daemons: [0, 1, 2].map((n) => ({ instance: `${n}-${newUuidV7(0)}`, previous: null, opened: false })),
    links: [],
    leases: under.stores().map(() => 0),
    now: 1_000,
    policy: "prefer_newest",
    receiving: { epoch: 0, instance: "", broker: null },
    sending: new Map(),
  };
  for (const n of world.leases.keys()) await take(world, { do: "lease", broker: n });
  return world;
}

const storeOf = ({ under }: World, place: number): BrokerStore => {
  const store = under.stores()[place];
  assert.ok(store !== undefined);
  return store;
};
const leaseLasts = (world: World, place: number): boolean => (world.leases[place] ?? 0) > world.now;
const heldAt = ({ links }: World, place: number): number[] =>
  links.filter((link) => link.held && link.broker === place).map(({ epoch }) => epoch);
/** As the broker at `place` can know it. */
const isLive = (world: World, at: number, epoch: number, place: number): boolean =>
  at === place ? heldAt(world, place).includes(epoch) : leaseLasts(world, at);

function liveReceiver(world: World, place: number): string | null {
  const { epoch, instance, broker: at } = world.receiving;
  return at !== null && isLive(world, at, epoch, place) ? instance : null;
}

async function take(world: World, each: Step): Promise<void> {
  const { meshId, alice, links } = world;
  switch (each.do) {
    case "hello":
      return hello(world, each.daemon, each.broker % world.leases.length, each.anew);
    case "close": {
      const open = links.filter(({ held }) => held);
      const link = open[each.which % Math.max(1, open.length)];
      if (link === undefined) return;
      link.held = false;
      if (!each.noted) return;
      await storeOf(world, link.broker).linkClosed(meshId, alice.memberId, link.epoch);
      world.sending.delete(link.epoch);
      if (world.receiving.epoch === link.epoch && link.receives) world.receiving.broker = null;
      return;
    }
    case "die": {
      const place = each.broker % world.leases.length;
      for (const link of links) if (link.broker === place) link.held = false;
      await world.under.died(place);
      if (world.leases.length === 1) world.sending.clear();
      return;
    }
    case "lease": {
      const place = each.broker % world.leases.length;
      world.leases[place] = world.now + leaseMs;
      await storeOf(world, place).shared?.extendLease(world.now, world.now + leaseMs);
      return;
    }
    case "time":
      world.now += each.ms;
      return;
    case "policy": {
      const released = await storeOf(world, 0).setConcurrency(meshId, each.policy);
      const changes = each.policy !== world.policy && world.sending.size > 0;
      world.policy = each.policy;
      if (!changes) return assert.deepEqual(released, []);
      world.receiving.epoch += 1;
      world.receiving.broker = null;
      world.sending.clear();
      return assert.deepEqual(released, [{ member_id: alice.memberId, link_epoch: world.receiving.epoch }]);
    }
  }
}

async function hello(world: World, which: number, place: number, anew: boolean): Promise<void> {
  const daemon = world.daemons[which];
  assert.ok(daemon !== undefined);
  if (anew && daemon.opened) {
    daemon.previous = daemon.instance;
    daemon.instance = `${which}-${newUuidV7(0)}`;
    daemon.opened = false;
  }
  const own = (instance: string): boolean => instance === daemon.instance || instance === daemon.previous;
  const live = liveReceiver(world, place);
  const held = heldAt(world, place);
  for (const [epoch, { instance, broker: at }] of world.sending)
    if (own(instance) || !isLive(world, at, epoch, place)) world.sending.delete(epoch);
  const by = expectedPlace(world.policy, live, live !== null && own(live));
  const expected = by === "sends" && world.sending.size >= sendingLinksMax ? "refused" : by;
  const raised = await storeOf(world, place).raiseLinkEpoch(world.meshId, world.alice.memberId, {
    instance_id: daemon.instance,
    previous_instance_id: daemon.previous,
    now: world.now,
    held,
  });
  assert.deepEqual([raised.place, raised.policy], [expected, world.policy]);
  assert.equal(raised.other?.instance_id ?? null, live);
  if (expected === "refused")
    return assert.equal(raised.link_epoch, world.receiving.epoch, "the live link is untouched");
  // What an opening does with the links of its broker: they are held no more.
  for (const link of world.links)
    if (link.broker === place && (own(link.instance) || (link.receives && expected === "receives"))) link.held = false;
  daemon.opened = true;
  const { link_epoch: epoch } = raised;
  assert.ok(
    world.links.every((link) => link.epoch !== epoch),
    "a number is given once",
  );
  const link = { epoch, broker: place, instance: daemon.instance, receives: expected === "receives", held: true };
  world.links.push(link);
  if (link.receives) {
    assert.equal(epoch, world.receiving.epoch + 1);
    world.receiving = { epoch, instance: daemon.instance, broker: place };
  } else {
    assert.ok(epoch > sendingEpochFrom);
    world.sending.set(epoch, { instance: daemon.instance, broker: place });
  }
}

function expectedPlace(policy: ConcurrencyPolicy, live: string | null, isOwn: boolean): LinkPlace {
  if (live === null || isOwn || policy === "prefer_newest") return "receives";
  return policy === "prefer_oldest" ? "refused" : "sends";
}

async function check(world: World): Promise<void> {
  const { meshId, alice, bob, links, receiving, sending } = world;
  const receives = ({ epoch, receives: does }: ModelLink): boolean => does && epoch === receiving.epoch;
  const items = links.map(({ epoch }) => ({ ...item(meshId, alice, bob), linkEpoch: epoch }));
  const outcomes = items.length === 0 ? [] : await storeOf(world, 0).accept(meshId, items, world.now);
  for (const [place, link] of links.entries()) {
    const may = receives(link) || sending.has(link.epoch);
    assert.equal(outcomes[place]?.kind, may ? "accepted" : "refused", `accepting by ${JSON.stringify(link)}`);
  }
  let acknowledging = 0;
  for (const link of links) {
    const did = await storeOf(world, link.broker).acknowledge(meshId, alice.memberId, link.epoch, []);
    assert.equal(did, receives(link), `acknowledging by ${JSON.stringify(link)}`);
    if (did) acknowledging += 1;
  }
  assert.ok(acknowledging <= 1);
  for (const place of world.leases.keys()) await checkSuccessor(world, place);
  if (world.leases.length > 1) for (const place of world.leases.keys()) await checkEnded(world, place);
}

async function checkSuccessor(world: World, place: number): Promise<void> {
  const { meshId, alice } = world;
  const look = { now: world.now, held: heldAt(world, place) };
  const found = await storeOf(world, place).successor(meshId, alice.memberId, look);
  const rows = [...world.sending].sort(([a], [b]) => a - b);
  const next = rows.find(([epoch, { broker: at }]) => isLive(world, at, epoch, place));
  const expected = liveReceiver(world, place) === null ? next : undefined;
  assert.equal(found?.link_epoch, expected?.[0]);
}

/** What a broker's sweep finds of the links that it holds. */
async function checkEnded(world: World, place: number): Promise<void> {
  const { meshId, alice, receiving, sending } = world;
  const { shared } = storeOf(world, place);
  assert.ok(shared !== null);
  const lasts = (at: number): boolean => leaseLasts(world, at);
  const whyOf = ({ epoch, instance, receives: does }: ModelLink): string | null => {
    const at = receiving.broker;
    if (does) {
      if (receiving.epoch === epoch || at === place) return null;
      if (at === null) return "released";
      return receiving.instance !== instance && lasts(at) ? "replaced" : "followed";
    }
    if (!sending.has(epoch)) return world.policy === "allow_concurrent" ? "followed" : "released";
    const older = [...sending].some(([other, row]) => other < epoch && (row.broker === place || lasts(row.broker)));
    return (at === null || (at !== place && !lasts(at))) && !older ? "released" : null;
  };
  const held = world.links.filter((link) => link.held && link.broker === place);
  const asked = held.map(({ epoch, instance }) => ({
    meshId,
    memberId: alice.memberId,
    instanceId: instance,
    linkEpoch: epoch,
  }));
  const ended = new Map((await shared.endedLinks(asked, world.now)).map(({ link, why }) => [link.linkEpoch, why]));
  for (const link of held)
    assert.equal(ended.get(link.epoch) ?? null, whyOf(link), `sweep of ${place} over ${JSON.stringify(link)}`);
}
