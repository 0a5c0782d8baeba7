import assert from "node:assert/strict";
import fc from "fast-check";
import { newUuidV7 } from "../../protocol/ids.ts";
import { newIdentity } from "../testing/peer.ts";
import { item, type StoreUnderTest, revoke } from "./store-bench.fixture.ts";
import type { AcceptItem, AcceptOutcome, BrokerStore } from "./store.ts";

/**
 * A store against a model in memory, under sends, repeats, voids, topics made and deleted, subscriptions, cursors,
 * links replaced, a member revoked, retention and restarts in any order. After every step (delivery.md §9):
 * 2. an id commits at most one request, and every answer names it;
 * 3. sequence numbers have no hole, and every member is owed exactly what lies in its intervals above its cursor, or
 *    was told that it is gone.
 */
const members = [newIdentity(), newIdentity(), newIdentity()];
const topicNames = ["red", "blue"];

type Step =
  | {
      readonly do: "send";
      readonly from: number;
      readonly to: number;
      readonly id: number;
      readonly text: number;
      /** By a link that is no longer the sender's. */
      readonly stale: boolean;
    }
  | { readonly do: "link" | "revoke"; readonly who: number }
  | { readonly do: "void" | "acknowledge"; readonly who: number; readonly which: number }
  | { readonly do: "subscribe" | "unsubscribe" | "create" | "delete"; readonly who: number; readonly topic: number }
  | { readonly do: "retention"; readonly keep: number }
  | { readonly do: "restart" };

const who = fc.nat(members.length - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      from: who,
      to: fc.constantFrom(0, 1, 2, 3, 3, 3, 4),
      id: fc.nat(30),
      text: fc.nat(1),
      stale: fc.constantFrom(false, false, false, true),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("link" as const), who }) },
  { weight: 1, arbitrary: fc.constant({ do: "revoke" as const, who: members.length - 1 }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom("void" as const, "acknowledge" as const), who, which: fc.nat(30) }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constantFrom(...(["subscribe", "subscribe", "unsubscribe", "unsubscribe", "create"] as const)),
      who,
      topic: fc.constantFrom(0, 0, 0, 1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete" as const), who, topic: fc.nat(1) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("retention" as const), keep: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.constant({ do: "restart" as const }) },
);

interface Topic {
  readonly topicId: string;
  readonly name: string;
  deleted: boolean;
  /** Intervals (first, last] by member. */
  readonly intervals: Map<number, { first: number; last: number | null }[]>;
}
interface Message {
  readonly seq: number;
  readonly from: number;
  readonly to: { readonly member: number } | { readonly topic: Topic };
  pruned: boolean;
}
interface World {
  store: BrokerStore;
  readonly reopen: () => Promise<BrokerStore>;
  /** Of this run alone. */
  readonly meshId: string;
  readonly log: Message[];
  readonly records: Map<
    string,
    { readonly seq: number; readonly from: number; readonly text: number; readonly to: number }
  >;
  readonly voids: Set<string>;
  readonly topics: Topic[];
  /** By member and destination key. */
  readonly cursors: Map<string, number>;
  readonly gaps: Set<string>;
  /** link_epoch of each member's newest link. */
  readonly links: number[];
  readonly revoked: Set<number>;
}

/** Runs the model `runs` times, each in a mesh of its own of the store that `open` gives; the run closes it. */
export async function checkAgainstModel(
  open: () => Promise<Omit<StoreUnderTest, "tamper"> & { close(): Promise<void> }>,
  runs: number,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 100 }), async (steps) => {
      const { store, reopen, close } = await open();
      try {
        const world = await begin(store, reopen);
        for (const each of steps) {
          await take(world, each);
          await check(world);
        }
      } finally {
        await close();
      }
    }),
    { numRuns: runs },
  );
}

async function begin(store: BrokerStore, reopen: () => Promise<BrokerStore>): Promise<World> {
  const meshId = newUuidV7(0);
  await store.createMesh({ mesh_id: meshId, slug: meshId, now: 0 });
  const cursors = new Map<string, number>();
  for (const [index, { memberId }] of members.entries()) {
    await store.addMember({ mesh_id: meshId, member_id: memberId, name: `m${index}`, role: "member", now: 0 });
    cursors.set(`${index} dm`, 0);
  }
  return {
    ...{ store, reopen, meshId, log: [], records: new Map(), voids: new Set(), topics: [], cursors, gaps: new Set() },
    links: members.map(() => 0),
    revoked: new Set(),
  };
}

async function take(world: World, each: Step): Promise<void> {
  const { store, meshId, log, topics } = world;
  const open = (name: string | undefined) => topics.find((topic) => topic.name === name && !topic.deleted);
  switch (each.do) {
    case "send":
      return send(world, each);
    case "void": {
      const id = idOf(each.who, each.which);
      const found = (await store.voidIds(meshId, memberAt(each.who).memberId, [id], 1)).get(id);
      assert.equal(found?.kind, world.records.has(id) ? "record" : "void");
      if (!world.records.has(id)) world.voids.add(id);
      return;
    }
    case "acknowledge": {
      const keys = [...world.cursors.keys()].filter((key) => key.startsWith(`${each.who} `));
      const key = keys[each.which % keys.length] ?? "";
      const seq = Math.min(each.which, log.length);
      const acks = [{ destination: key.slice(2), seq }];
      const live = !world.revoked.has(each.who);
      const { memberId } = memberAt(each.who);
      assert.equal(await store.acknowledge(meshId, memberId, world.links[each.who] ?? 0, acks), live);
      if (live) world.cursors.set(key, Math.max(seq, world.cursors.get(key) ?? 0));
      return;
    }
    case "create": {
      const name = topicNames[each.topic] ?? "";
      const input = { mesh_id: meshId, name, created_by: memberAt(each.who).memberId, now: 1 };
      if (world.revoked.has(each.who))
        return void (await assert.rejects(store.createTopic(input), { code: "not_a_member" }));
      if (open(name) !== undefined)
        return void (await assert.rejects(store.createTopic(input), { code: "already_exists" }));
      const { topic_id: topicId } = await store.createTopic(input);
      const topic: Topic = { topicId, name, deleted: false, intervals: new Map() };
      topics.push(topic);
      return enter(world, topic, each.who);
    }
    case "delete":
    case "subscribe":
    case "unsubscribe": {
      const name = topicNames[each.topic] ?? "";
      const topic = open(name);
      const memberId = memberAt(each.who).memberId;
      const change =
        each.do === "delete" ? store.deleteTopic(meshId, name, 1) : store[each.do](meshId, memberId, name, 1);
      if (topic === undefined) return void (await assert.rejects(change, { code: "unknown_destination" }));
      if (each.do === "subscribe" && world.revoked.has(each.who))
        return void (await assert.rejects(change, { code: "not_a_member" }));
      await change;
      if (each.do === "subscribe") return enter(world, topic, each.who);
      for (const [member, intervals] of topic.intervals)
        for (const interval of intervals) if (each.do === "delete" || member === each.who) interval.last ??= log.length;
      if (each.do === "delete") topic.deleted = true;
      return;
    }
    case "retention": {
      const before = Math.max(0, log.length - each.keep);
      await store.expireMessages(meshId, before + 1, { afterSeq: 0, limit: 1_000, dryRun: false, now: 1 });
      for (const message of log.slice(0, before)) {
        if (message.pruned) continue;
        message.pruned = true;
        for (const [member] of members.entries())
          for (const key of destinationsOf(world, member)) {
            if (owes(message, member, key) && message.seq > (world.cursors.get(`${member} ${key}`) ?? 0))
              world.gaps.add(`${member} ${key} ${message.seq}`);
          }
      }
      return;
    }
    case "link": {
      const raised = store.raiseLinkEpoch(meshId, memberAt(each.who).memberId, { instance_id: "i", now: 1 });
      if (world.revoked.has(each.who)) return void (await assert.rejects(raised, { code: "not_a_member" }));
      world.links[each.who] = (await raised).link_epoch;
      return;
    }
    case "revoke":
      await revoke(store, meshId, memberAt(each.who).memberId, 1);
      world.revoked.add(each.who);
      for (const { intervals } of topics)
        for (const interval of intervals.get(each.who) ?? []) interval.last ??= log.length;
      return;
    case "restart":
      world.store = await world.reopen();
  }
}

async function send(world: World, step: Extract<Step, { do: "send" }>): Promise<void> {
  const { from, to, id: number, text, stale } = step;
  const id = idOf(from, number);
  const name = to >= members.length ? topicNames[to - members.length] : undefined;
  const target = name === undefined ? memberAt(to) : `#${name}`;
  const sent: AcceptItem = item(world.meshId, memberAt(from), target, { client_message_id: id, text: `text ${text}` });
  const own = world.links[from] ?? 0;
  const linkEpoch = stale ? Math.abs(own - 1) : own;
  const [outcome] = await world.store.accept(world.meshId, [{ ...sent, linkEpoch }], world.log.length + 1);
  const known = world.records.get(id);
  const topic = world.topics.find((one) => one.name === name && !one.deleted);
  const subscribed = topic?.intervals.get(from)?.some(({ last }) => last === null) === true;
  let expected: string;
  if (known !== undefined) expected = known.text === text && known.to === to ? "duplicate" : "mismatch";
  else if (world.voids.has(id)) expected = "void";
  else if (world.revoked.has(from)) expected = "not_a_member";
  else if (stale) expected = "behind";
  else if (name === undefined && world.revoked.has(to)) expected = "unknown_destination";
  else if (name !== undefined && topic === undefined) expected = "unknown_destination";
  else if (name !== undefined && !subscribed) expected = "not_subscribed";
  else expected = "accepted";
  assert.equal(outcome?.kind === "refused" ? outcome.code : outcome?.kind, expected);
  if (known !== undefined) assert.equal(recordOf(outcome)?.seq, known.seq);
  if (expected !== "accepted") return;
  const seq = world.log.length + 1;
  assert.equal(outcome?.kind === "accepted" && outcome.seq, seq);
  world.records.set(id, { seq, from, text, to });
  world.log.push({ seq, from, to: topic === undefined ? { member: to } : { topic }, pruned: false });
}

async function check(world: World): Promise<void> {
  const { store, meshId, log } = world;
  assert.equal((await store.log(meshId)).head, log.length);
  assert.deepEqual((await store.checkConsistency(meshId, 0, 1_000)).findings, []);
  for (const [member, { memberId }] of members.entries()) {
    for (const key of destinationsOf(world, member)) {
      const afterSeq = world.cursors.get(`${member} ${key}`) ?? 0;
      const read = await store.read(meshId, memberId, key, { afterSeq, limitItems: 1_000, limitBytes: 1_000_000 });
      const owed = log.filter((message) => !message.pruned && message.seq > afterSeq && owes(message, member, key));
      assert.deepEqual(
        read.map(({ seq }) => seq),
        owed.map(({ seq }) => seq),
        `member ${member}, ${key}`,
      );
    }
    const notices = (await store.takeNotices(meshId, memberId, 1_000)).filter(({ kind }) => kind === "gap");
    assert.deepEqual(
      notices.map(({ destination, from_seq }) => `${member} ${destination} ${from_seq}`).sort(),
      [...world.gaps].filter((gap) => gap.startsWith(`${member} `)).sort(),
    );
  }
}

function enter(world: World, topic: Topic, member: number): void {
  const intervals = topic.intervals.get(member) ?? [];
  topic.intervals.set(member, intervals);
  if (intervals.some(({ last }) => last === null)) return;
  intervals.push({ first: world.log.length, last: null });
  const key = `${member} topic:${topic.topicId}`;
  if (!world.cursors.has(key)) world.cursors.set(key, world.log.length);
}

function destinationsOf(world: World, member: number): string[] {
  return [...world.cursors.keys()].filter((key) => key.startsWith(`${member} `)).map((key) => key.slice(2));
}

/** Whether the message is the member's to receive under that destination, whatever its cursor. */
function owes(message: Message, member: number, key: string): boolean {
  if ("member" in message.to) return key === "dm" && message.to.member === member;
  if (key !== `topic:${message.to.topic.topicId}` || message.from === member) return false;
  const intervals = message.to.topic.intervals.get(member) ?? [];
  return intervals.some(({ first, last }) => message.seq > first && (last === null || message.seq <= last));
}

function recordOf(outcome: AcceptOutcome | undefined): { seq: number } | null {
  return outcome?.kind === "duplicate" || outcome?.kind === "mismatch" ? outcome.record : null;
}

function memberAt(index: number): (typeof members)[number] {
  const found = members[index];
  assert.ok(found !== undefined);
  return found;
}

function idOf(member: number, number: number): string {
  return `${memberAt(member).memberId.slice(0, 16)}:id-${number}`;
}
