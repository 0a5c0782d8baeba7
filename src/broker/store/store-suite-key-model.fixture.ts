import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import type { EpochRecord } from "../../protocol/epoch.ts";
import { type Identity, newIdentity } from "../testing/peer.ts";
import { epochRecord, epochWrap, handedIn, nextEpoch } from "./epoch.fixture.ts";
import { type Bench, type On, changeBy, revoke } from "./store-bench.fixture.ts";

/**
 * Keys against a model in memory, under epochs made, wraps handed in, members that come, go, are limited and revoked, in any order. Each
 * member reads whenever it likes, from where it stopped. After every step:
 * 1. what a member has read ever contains all that it would find if it read from the beginning: nothing turns up below its place;
 * 2. that is every record of the destinations it may use with the departures at their places, its own wraps, and nothing else;
 * 3. wanted of a holder is who is entitled to what it holds, less who has it.
 */
type Step =
  | {
      readonly do: "create";
      readonly who: number;
      readonly where: number;
      readonly from: number;
      readonly for: readonly number[];
    }
  | { readonly do: "wrap"; readonly which: number; readonly for: number }
  | { readonly do: "come" | "go"; readonly who: number }
  | { readonly do: "read"; readonly who: number; readonly limit: number }
  | { readonly do: "limit"; readonly who: number; readonly limited: boolean }
  | { readonly do: "revoke" };

const count = 3;
const who = fc.nat(count - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("create" as const),
      who,
      where: fc.nat(2),
      from: fc.nat(3),
      for: fc.subarray([0, 1, 2]),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("wrap" as const), which: fc.nat(20), for: who }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom("come" as const, "go" as const), who }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("read" as const), who, limit: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("limit" as const), who, limited: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ do: "revoke" as const }) },
);

interface Place {
  readonly destination: string;
  readonly name: string;
  readonly history: "all" | "joined";
  readonly records: EpochRecord[];
  /** Who may use it, but for who is revoked. */
  readonly users: Set<number>;
  /** How many records there were when a member last came. */
  readonly since: Map<number, number>;
  /** How many records there were at the last departure; 0: before there was any. */
  departed: number;
}

interface Reader {
  after: number;
  /** Epochs and wraps. */
  readonly known: Set<string>;
  /** By destination: the record behind which the last departure stands, counted. */
  readonly departed: Map<string, number>;
  /** By destination: the last record that was told of, counted. */
  readonly last: Map<string, number>;
}

interface World {
  readonly bench: Bench;
  readonly meshId: string;
  readonly members: readonly Identity[];
  readonly topic: Place;
  readonly places: readonly Place[];
  readonly wraps: Set<string>;
  readonly revoked: Set<number>;
  readonly readers: readonly Reader[];
}

export function keyModel(on: On): void {
  for (const history of ["all", "joined"] as const)
    it(`whatever happens in whatever order, everybody finds its keys and nobody another's (history ${history})`, async (t) => {
      const bench = await on(t);
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 50 }), async (steps) => {
          runs += 1;
          const world = await begin(bench, runs, history);
          for (const each of steps) {
            await take(world, each);
            await check(world);
          }
        }),
        { numRuns: 20 },
      );
    });
}

async function begin(bench: Bench, run: number, history: Place["history"]): Promise<World> {
  const { store, now } = bench;
  const meshId = `01890000-0000-7000-8000-${(0x1000 + run).toString(16).padStart(12, "0")}`;
  await store.createMesh({ mesh_id: meshId, slug: `run-${run}`, now });
  const members = Array.from({ length: count }, newIdentity);
  for (const [n, { memberId }] of members.entries())
    await store.addMember({ mesh_id: meshId, member_id: memberId, name: `member-${n}`, role: "member", now });
  const owner = members[0]?.memberId ?? "";
  const { topic_id } = await store.createTopic({ mesh_id: meshId, name: "builds", created_by: owner, now });
  await store.createQueue({ mesh_id: meshId, name: "jobs", created_by: owner, deliveries_max: 5, now });
  const all = await store.topicByName(meshId, "all");
  const place = (destination: string, name: string, users: number[]): Place => ({
    destination,
    name,
    history,
    records: [],
    users: new Set(users),
    since: new Map(),
    departed: 0,
  });
  const topic = place(`topic:${topic_id}`, "builds", [0]);
  return {
    bench,
    meshId,
    members,
    topic,
    places: [topic, place("queue:jobs", "jobs", [0, 1, 2]), place(`topic:${all?.topic_id}`, "all", [0, 1, 2])],
    wraps: new Set(),
    revoked: new Set(),
    readers: members.map(() => ({ after: 0, known: new Set(), departed: new Map(), last: new Map() })),
  };
}

const idOf = ({ members }: World, n: number): string => members[n]?.memberId ?? "";
const mayUse = ({ revoked }: World, place: Place, n: number): boolean => place.users.has(n) && !revoked.has(n);
const wrapName = (epochId: string, n: number): string => `${epochId} for ${n}`;

async function take(world: World, each: Step): Promise<void> {
  const { bench, meshId, topic, places, wraps, revoked } = world;
  const { store, now } = bench;
  switch (each.do) {
    case "create": {
      const place = places[each.where] ?? topic;
      // Among the newest few, so that some are made beside each other.
      const parent = place.records.at(-1 - each.from) ?? place.records.at(-1);
      const { destination, name, history } = place;
      const created_by = idOf(world, each.who);
      const record =
        parent === undefined ? epochRecord(meshId, { destination, name, created_by, history }) : nextEpoch(parent);
      const given = each.for.map((n) => epochWrap(record.epoch_id, idOf(world, n)));
      if (place.records.filter((other) => other.parent === record.parent).length >= 16) return;
      assert.equal(await store.createEpoch(meshId, record, given, handedIn(now)), true);
      place.records.push(record);
      for (const n of each.for) if (mayUse(world, place, n)) wraps.add(wrapName(record.epoch_id, n));
      return;
    }
    case "wrap": {
      const place = places[each.which % places.length] ?? topic;
      const record = place.records[each.which % Math.max(1, place.records.length)];
      if (record === undefined) return;
      const isNew = mayUse(world, place, each.for) && !wraps.has(wrapName(record.epoch_id, each.for));
      const stored = await store.addWraps(meshId, [epochWrap(record.epoch_id, idOf(world, each.for))], handedIn(now));
      assert.equal(stored, isNew ? 1 : 0);
      if (isNew) wraps.add(wrapName(record.epoch_id, each.for));
      return;
    }
    case "come":
      if (revoked.has(each.who)) return;
      await store.subscribe(meshId, idOf(world, each.who), "builds", now);
      if (!topic.users.has(each.who)) topic.since.set(each.who, topic.records.length);
      topic.users.add(each.who);
      return;
    case "go":
      await store.unsubscribe(meshId, idOf(world, each.who), "builds", now);
      if (topic.users.delete(each.who)) topic.departed = topic.records.length;
      return;
    case "revoke": {
      const last = count - 1;
      if (revoked.has(last)) return;
      await revoke(store, meshId, idOf(world, last), now);
      for (const place of places)
        if (place.destination.startsWith("topic:") && place.users.delete(last)) place.departed = place.records.length;
      revoked.add(last);
      return;
    }
    case "limit":
      return limit(world, each.who, each.limited);
    case "read":
      return read(world, each.who, each.limit);
  }
}

/** To the topic, or no more: `#all` is everybody's, and so it is the queue that the member loses or gets. */
async function limit(world: World, n: number, limited: boolean): Promise<void> {
  const { bench, meshId, places, revoked } = world;
  const [, queue] = places;
  if (revoked.has(n) || queue === undefined) return;
  const destinations = limited ? ["#builds"] : null;
  await changeBy(bench.store, meshId, [{ kind: "member_limited", member_id: idOf(world, n), destinations }], 1);
  if (!limited) queue.users.add(n);
  else if (queue.users.delete(n)) queue.departed = queue.records.length;
}

/** One page, from where the member stopped. */
async function read(world: World, n: number, limit: number): Promise<void> {
  const reader = world.readers[n];
  assert.ok(reader !== undefined);
  const page = await world.bench.store.keysAbove(world.meshId, idOf(world, n), reader.after, limit);
  note(world, n, reader, page.items);
  reader.after = page.more ? (page.items.at(-1)?.key_seq ?? 0) : page.through;
}

type Items = Awaited<ReturnType<Bench["store"]["keysAbove"]>>["items"];

function note({ places }: World, n: number, reader: Reader, items: Items): void {
  let above = reader.after;
  for (const item of items) {
    assert.ok(item.key_seq > above, "in order, each number once");
    above = item.key_seq;
    if (item.kind === "wrap") reader.known.add(wrapName(item.wrap.epoch_id, n));
    else if (item.kind === "departed") reader.departed.set(item.destination, reader.last.get(item.destination) ?? 0);
    else {
      const { destination, epoch_id } = item.record;
      const place = places.find((one) => one.destination === destination);
      reader.known.add(epoch_id);
      reader.last.set(destination, (place?.records.findIndex((one) => one.epoch_id === epoch_id) ?? 0) + 1);
    }
  }
}

async function check(world: World): Promise<void> {
  const { bench, meshId, places, wraps } = world;
  for (let n = 0; n < count; n += 1) {
    const usable = places.filter((place) => mayUse(world, place, n));
    const fresh: Reader = { after: 0, known: new Set(), departed: new Map(), last: new Map() };
    const all = await bench.store.keysAbove(meshId, idOf(world, n), 0, 1_000);
    note(world, n, fresh, all.items);
    const expected = usable.flatMap(({ records }) =>
      records.flatMap(({ epoch_id }) =>
        wraps.has(wrapName(epoch_id, n)) ? [epoch_id, wrapName(epoch_id, n)] : [epoch_id],
      ),
    );
    assert.deepEqual([...fresh.known].sort(), expected.sort());
    assert.equal(all.more, false);
    assert.ok(all.items.every(({ key_seq }) => key_seq <= all.through));
    assert.deepEqual(
      departures(fresh, usable),
      usable.map(({ departed }) => departed),
    );
    const going: Reader = copyOf(world.readers[n]);
    for (let more = true; more; ) {
      const page = await bench.store.keysAbove(meshId, idOf(world, n), going.after, 3);
      note(world, n, going, page.items);
      going.after = page.more ? (page.items.at(-1)?.key_seq ?? 0) : page.through;
      more = page.more;
    }
    for (const name of fresh.known) assert.ok(going.known.has(name), "what is below its place was told before");
    assert.deepEqual(departures(going, usable), departures(fresh, usable));
    await checkWanted(world, n);
  }
}

const departures = ({ departed }: Reader, usable: readonly Place[]): number[] =>
  usable.map(({ destination }) => departed.get(destination) ?? 0);

function copyOf(reader: Reader | undefined): Reader {
  assert.ok(reader !== undefined);
  const { after, known, departed, last } = reader;
  return { after, known: new Set(known), departed: new Map(departed), last: new Map(last) };
}

async function checkWanted(world: World, holder: number): Promise<void> {
  const { bench, meshId, places, wraps } = world;
  const expected: string[] = [];
  for (const place of places.filter((one) => mayUse(world, one, holder))) {
    const deepest = Math.max(...place.records.map(({ depth }) => depth));
    for (const [index, { epoch_id, depth }] of place.records.entries()) {
      if (!wraps.has(wrapName(epoch_id, holder))) continue;
      for (let n = 0; n < count; n += 1) {
        if (!mayUse(world, place, n) || wraps.has(wrapName(epoch_id, n))) continue;
        const madeSince = place.destination.startsWith("topic:") && index >= (place.since.get(n) ?? 0);
        if (place.history === "all" || depth === deepest || madeSince) expected.push(`${epoch_id} ${idOf(world, n)}`);
      }
    }
  }
  const { wanted } = await bench.store.wantedWraps(meshId, idOf(world, holder), 1_000);
  assert.deepEqual(wanted.map(({ epoch_id, member_id }) => `${epoch_id} ${member_id}`).sort(), expected.sort());
}
