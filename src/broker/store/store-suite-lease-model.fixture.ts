import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { accepted, type Bench, item, type On } from "./store-bench.fixture.ts";

/**
 * A queue against a model in memory, under sends, claims, acknowledgements, messages given back, extensions, dead letters
 * and time, in any order (delivery.md §9, invariant 5): at most one lease of a message is effective, nothing is lost, and
 * every message ends acknowledged or as a dead letter.
 */
type Step =
  | { readonly do: "send"; readonly count: number }
  | { readonly do: "claim"; readonly who: number; readonly limit: number; readonly leaseMs: number }
  | { readonly do: "ack"; readonly which: number }
  | { readonly do: "nack"; readonly which: number; readonly delayMs: number }
  | { readonly do: "extend"; readonly which: number; readonly leaseMs: number }
  | { readonly do: "time"; readonly ms: number }
  | { readonly do: "requeue"; readonly limit: number };

const which = fc.nat(60);
const span = fc.constantFrom(1, 5, 10, 20);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("send" as const), count: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("claim" as const),
      who: fc.nat(1),
      limit: fc.integer({ min: 1, max: 3 }),
      leaseMs: span,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("ack" as const), which }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("nack" as const), which, delayMs: fc.constantFrom(0, 0, 7) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("extend" as const), which, leaseMs: span }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("time" as const), ms: fc.constantFrom(1, 4, 10, 30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("requeue" as const), limit: fc.integer({ min: 1, max: 3 }) }) },
);

type State =
  | { readonly is: "ready"; readonly from: number }
  | { readonly is: "leased"; readonly lease: string; readonly until: number }
  | { readonly is: "dead" }
  | { readonly is: "done"; readonly lease: string };

interface Lease {
  readonly id: string;
  readonly seq: number;
  readonly who: number;
}

interface World {
  readonly bench: Bench;
  readonly queue: string;
  now: number;
  readonly states: Map<number, State>;
  readonly deliveries: Map<number, number>;
  /** Every lease that was ever given. */
  readonly leases: Lease[];
}

const deliveriesMax = 3;

export function leaseModel(on: On): void {
  it("whatever happens in whatever order, a lease holds exactly as long as it should, and nothing is lost", async (t) => {
    const bench = await on(t);
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        runs += 1;
        const world = await begin(bench, `run-${runs}`);
        for (const each of steps) {
          await take(world, each);
          await check(world);
        }
        await drain(world);
      }),
      { numRuns: 60 },
    );
  });
}

async function begin(bench: Bench, queue: string): Promise<World> {
  const { store, meshId, alice } = bench;
  const input = { mesh_id: meshId, name: queue, created_by: alice.memberId, deliveries_max: deliveriesMax, now: 1 };
  await store.createQueue(input);
  return { bench, queue, now: 100, states: new Map(), deliveries: new Map(), leases: [] };
}

async function take(world: World, each: Step): Promise<void> {
  const { bench, queue, now, states, leases } = world;
  const { store, meshId, alice } = bench;
  switch (each.do) {
    case "time":
      world.now += each.ms;
      return;
    case "send": {
      const items = Array.from({ length: each.count }, () => item(meshId, alice, `queue:${queue}`));
      for (const outcome of await store.accept(meshId, items, now)) {
        states.set(accepted(outcome).seq, { is: "ready", from: now });
        world.deliveries.set(accepted(outcome).seq, 0);
      }
      return;
    }
    case "claim":
      return claim(world, each);
    case "requeue": {
      const dead = [...states].filter(([seq]) => stateAt(world, seq).is === "dead").map(([seq]) => seq);
      const requeued = await store.requeueDead(meshId, queue, { seqs: null, limit: each.limit, now });
      assert.equal(requeued, Math.min(dead.length, each.limit));
      for (const seq of dead.slice(0, requeued)) {
        states.set(seq, { is: "ready", from: now });
        world.deliveries.set(seq, 0);
      }
      return;
    }
    case "ack":
    case "nack":
    case "extend": {
      const lease = leases[each.which % Math.max(1, leases.length)];
      if (lease !== undefined) await use(world, each, lease);
    }
  }
}

async function claim(world: World, { who, limit, leaseMs }: Extract<Step, { do: "claim" }>): Promise<void> {
  const { bench, queue, now, states, deliveries } = world;
  const available = [...states.keys()].filter((seq) => {
    const state = stateAt(world, seq);
    return state.is === "ready" && state.from <= now;
  });
  const options = { limit, limitBytes: 1_000_000, leaseMs, now };
  const { messages } = await bench.store.claim(bench.meshId, memberId(bench, who), queue, options);
  assert.deepEqual(
    messages.map(({ message }) => message.seq),
    available.slice(0, limit),
  );
  for (const { message, lease_id, lease_until, deliveries: told } of messages) {
    const count = (deliveries.get(message.seq) ?? 0) + 1;
    assert.deepEqual([lease_until, told], [now + leaseMs, count]);
    assert.ok(!world.leases.some(({ id }) => id === lease_id), "a lease_id is never given twice");
    deliveries.set(message.seq, count);
    states.set(message.seq, { is: "leased", lease: lease_id, until: lease_until });
    world.leases.push({ id: lease_id, seq: message.seq, who });
  }
}

async function use(
  world: World,
  each: Extract<Step, { do: "ack" | "nack" | "extend" }>,
  { id, seq, who }: Lease,
): Promise<void> {
  const { bench, queue, now, states } = world;
  const { store, meshId } = bench;
  const member = memberId(bench, who);
  const state = stateAt(world, seq);
  const effective = state.is === "leased" && state.lease === id;
  if (each.do === "ack") {
    const acked = store.ack(meshId, member, queue, id, now);
    if (!effective && !(state.is === "done" && state.lease === id)) return lost(acked);
    assert.deepEqual(await acked, { seq });
    states.set(seq, { is: "done", lease: id });
  } else if (each.do === "nack") {
    const nacked = store.nack(meshId, member, queue, id, { delayMs: each.delayMs, reason: null, now });
    if (!effective) return lost(nacked);
    const dies = world.deliveries.get(seq) === deliveriesMax;
    assert.equal((await nacked).state, dies ? "dead" : "ready");
    states.set(seq, dies ? { is: "dead" } : { is: "ready", from: now + each.delayMs });
  } else {
    const extended = store.extend(meshId, member, queue, id, { leaseMs: each.leaseMs, now });
    if (!effective) return lost(extended);
    const until = Math.max(state.until, now + each.leaseMs);
    assert.equal((await extended).lease_until, until);
    states.set(seq, { ...state, until });
  }
}

async function lost(outcome: Promise<unknown>): Promise<void> {
  await assert.rejects(outcome, { code: "lease_lost" });
}

/** The state by time: a lease that is over has given its message back, or was its last. */
function stateAt({ states, deliveries, now }: World, seq: number): State {
  const state = states.get(seq);
  assert.ok(state !== undefined);
  if (state.is !== "leased" || state.until > now) return state;
  return deliveries.get(seq) === deliveriesMax ? { is: "dead" } : { is: "ready", from: state.until };
}

async function check(world: World): Promise<void> {
  const { store, meshId } = world.bench;
  const all = [...world.states.keys()].map((seq) => stateAt(world, seq));
  const count = (holds: (state: State) => boolean): number => all.filter(holds).length;
  assert.deepEqual(await store.countQueue(meshId, world.queue, { countMax: 1_000, now: world.now }), {
    ready: count((state) => state.is === "ready" && state.from <= world.now),
    delayed: count((state) => state.is === "ready" && state.from > world.now),
    leased: count(({ is }) => is === "leased"),
    dead: count(({ is }) => is === "dead"),
  });
}

/** Claims and drops what is left until nothing is: each message was acknowledged, or is a dead letter. */
async function drain(world: World): Promise<void> {
  const { store, meshId } = world.bench;
  for (let round = 0; round <= deliveriesMax; round += 1) {
    world.now += 100;
    await claim(world, { do: "claim", who: 0, limit: 1_000, leaseMs: 50 });
  }
  world.now += 100;
  await check(world);
  const ends = [...world.states.keys()].map((seq) => [seq, stateAt(world, seq).is] as const);
  assert.ok(ends.every(([, is]) => is === "done" || is === "dead"));
  const page = { afterSeq: 0, limit: 1_000, limitBytes: 10_000_000, now: world.now };
  assert.deepEqual(
    (await store.deadLetters(meshId, world.queue, page)).map(({ message }) => message.seq),
    ends.filter(([, is]) => is === "dead").map(([seq]) => seq),
  );
}

function memberId({ alice, bob }: Bench, who: number): string {
  return who === 0 ? alice.memberId : bob.memberId;
}
