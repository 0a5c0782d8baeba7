import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { defaultBrokerLimits } from "../broker-limits.ts";
import { createBrokerMetrics } from "../metrics.ts";
import type { RoutedDestination, RoutedMessage } from "../store/store.ts";
import { type Batch, type FollowedLog, followedLog, type ModelLink } from "./followed-log.fixture.ts";
import { dmKey } from "./push-entry.ts";

const members = ["a", "b", "c"] as const;
const topics = ["t", "u"] as const;
const metrics = createBrokerMetrics();

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const dm = (member_id: string): RoutedDestination => ({ kind: "dm", member_id });
const topic = (topic_id: string): RoutedDestination => ({ kind: "topic", topic_id });

/** Answers whatever is asked until nothing is asked any more. */
async function quiet(model: FollowedLog): Promise<void> {
  for (let idle = 0; idle < 3; idle += 1) {
    for (const asked of [...model.asked]) {
      asked.answer("now");
      idle = 0;
    }
    await turn();
  }
}

async function linked(model: FollowedLog, member: string): Promise<ModelLink> {
  const link = model.attach(member);
  const opened = model.openDestinations(link);
  await quiet(model);
  await opened;
  return link;
}

test("a message that another broker accepted is pushed when it is told", async () => {
  const model = followedLog(metrics);
  const link = await linked(model, "a");
  model.announced(model.append([{ sender: "b", to: dm("a") }]));
  await quiet(model);
  assert.deepEqual(link.pushed.get(dmKey), [1]);
});

test("a thousand subscribers of a topic cost one reading of the log, not a thousand", async () => {
  const model = followedLog(metrics);
  const links: ModelLink[] = [];
  for (let n = 0; n < 1_000; n += 1) {
    model.subscribe(`m${n}`, "t");
    links.push(model.attach(`m${n}`));
  }
  const opened = Promise.all(links.map((link) => model.openDestinations(link)));
  await quiet(model);
  await opened;
  model.counts.clear();
  model.announced(model.append([{ sender: "x", to: topic("t") }]));
  await quiet(model);
  assert.deepEqual([...model.counts], [["readLog", 1]]);
  for (const link of links) assert.deepEqual(link.pushed.get("topic:t"), [1]);
});

test("what nobody here wants is passed over without a reading", async () => {
  const model = followedLog(metrics);
  await linked(model, "a");
  model.counts.clear();
  for (const member of ["b", "c"]) model.announced(model.append([{ sender: "x", to: dm(member) }]));
  await quiet(model);
  assert.deepEqual([...model.counts], []);
});

test("a commit of another broker that was never told is found although one of this broker followed on it", async () => {
  const model = followedLog(metrics);
  const link = await linked(model, "a");
  model.lost();
  await quiet(model);
  model.append([{ sender: "x", to: dm("a") }]);
  model.committed(model.append([{ sender: "x", to: dm("b") }]));
  await quiet(model);
  assert.deepEqual(link.pushed.get(dmKey), [1]);
});

test("a commit that was never told is found by the next one that was, even after everything was forgotten", async () => {
  const model = followedLog(metrics);
  const link = await linked(model, "a");
  model.lost();
  await quiet(model);
  model.append([{ sender: "x", to: dm("a") }]);
  model.announced(model.append([{ sender: "x", to: dm("b") }]));
  await quiet(model);
  assert.deepEqual(link.pushed.get(dmKey), [1]);
});

test("own commits of which a reading has overtaken a part are pushed to their end, and those behind them", async () => {
  const model = followedLog(metrics);
  const link = await linked(model, "a");
  const items = (...members: string[]) => model.append(members.map((member) => ({ sender: "x", to: dm(member) })));
  const [, first, second] = [items("b"), items("a", "b", "b"), items("b", "a")];
  // A reading of three is under way when the answers to both arrive.
  model.swept();
  model.committed(first);
  model.committed(second);
  await quiet(model);
  assert.deepEqual(link.pushed.get(dmKey), [2, 6]);
});

test("a link goes on after acknowledging failed, and what was not acknowledged is tried again", async () => {
  const model = followedLog(metrics);
  const link = await linked(model, "a");
  model.committed(model.append(Array.from({ length: 10 }, () => ({ sender: "x", to: dm("a") }))));
  await quiet(model);
  assert.deepEqual(link.pushed.get(dmKey), [1, 2, 3]);
  for (const seq of [1, 2]) {
    link.pump.acknowledge([{ destination: dmKey, seq }]);
    await turn();
    await turn();
  }
  // The second arrived while the first was on its way.
  for (const asked of [...model.asked]) if (asked.call === "acknowledge") asked.answer("failed");
  await turn();
  assert.deepEqual(link.pushed.get(dmKey), [1, 2, 3, 4, 5]);
  model.clock.advance(defaultBrokerLimits.pumpRetryMs);
  await quiet(model);
  assert.equal((await linked(model, "a")).pushed.get(dmKey)?.[0], 3, "the next link begins behind both");
});

test("what was read of the log before it was forgotten does not come back into memory", async () => {
  const model = followedLog(metrics);
  const link = await linked(model, "a");
  const batch = model.append([{ sender: "x", to: dm("a") }]);
  model.announced(batch);
  const reading = model.asked[0];
  assert.equal(reading?.call, "readLog");
  // As after a log that was cut back: the same number is another message's.
  model.lost();
  model.router.reached("mesh", { first: 0, last: 0, keys: null });
  model.log[0] = { ...(model.log[0] as RoutedMessage), routed: dm("b") };
  reading?.answer("then");
  await quiet(model);
  assert.equal(link.pushed.get(dmKey), undefined);
});

type Step =
  | { readonly do: "append"; readonly own: boolean; readonly items: readonly [sender: number, to: number][] }
  | { readonly do: "own" | "own_unknown" | "sweep" | "lose" | "later" | "quiet" }
  | { readonly do: "announce"; readonly which: number; readonly again: boolean }
  | { readonly do: "answer"; readonly which: number; readonly how: "then" | "now" | "failed" }
  | { readonly do: "attach" | "detach" | "acknowledge"; readonly member: number; readonly part: number }
  | { readonly do: "subscribe" | "unsubscribe"; readonly member: number; readonly topic: number };

const which = fc.nat({ max: 20 });
const steps = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant("append" as const),
        own: fc.boolean(),
        items: fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 5 })), { minLength: 1, maxLength: 5 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("own" as const) }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constantFrom("own_unknown", "sweep", "lose", "later", "quiet", "quiet") }),
    },
    { weight: 5, arbitrary: fc.record({ do: fc.constant("announce" as const), which, again: fc.boolean() }) },
    {
      weight: 12,
      arbitrary: fc.record({
        do: fc.constant("answer" as const),
        which,
        how: fc.constantFrom("then", "now", "now", "then", "failed"),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom("attach", "attach", "detach", "acknowledge", "acknowledge"),
        member: fc.nat({ max: 2 }),
        part: fc.nat({ max: 9 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom("subscribe", "subscribe", "unsubscribe"),
        member: fc.nat({ max: 2 }),
        topic: fc.nat({ max: 1 }),
      }),
    },
  ) as fc.Arbitrary<Step>,
  { minLength: 10, maxLength: 90 },
);

/** One broker's links over the log, driven by steps. */
function driven() {
  const model = followedLog(metrics);
  const links = new Map<string, ModelLink>();
  const ended: ModelLink[] = [];
  /** Own commits whose answer is under way, one after the other; announcements of the others. */
  const own: Batch[] = [];
  let told: Batch[] = [];
  /** Of a member and topic that was left once: the tail may push what was sent before that was heard of. */
  const left = new Set<string>();

  /** As a link does: a failed reading of the destinations is tried again. */
  function open(link: ModelLink): void {
    model.openDestinations(link).catch(() => (link.open ? open(link) : undefined));
  }

  function take(step: Step): void | Promise<void> {
    switch (step.do) {
      case "quiet":
        return quiet(model);
      case "append": {
        const batch = model.append(
          step.items.map(([sender, to]) => ({
            sender: members[sender] ?? "x",
            to: to < 3 ? dm(members[to] ?? "x") : topic(topics[to - 3] ?? "v"),
          })),
        );
        return void (step.own ? own : told).push(batch);
      }
      case "own": {
        const batch = own.shift();
        return batch === undefined ? undefined : model.committed(batch);
      }
      case "own_unknown":
        return own.shift() === undefined ? undefined : model.lost();
      case "announce": {
        const batch = told[step.which % told.length];
        if (batch === undefined) return;
        if (!step.again) told = told.filter((one) => one !== batch);
        return model.announced(batch);
      }
      case "answer":
        return model.asked[step.which % model.asked.length]?.answer(step.how);
      case "sweep":
        return model.swept();
      case "lose":
        return model.lost();
      case "later":
        return model.clock.advance(1_000);
      default:
        return ofMember(step);
    }
  }

  function ofMember(step: Extract<Step, { member: number }>): void {
    const member = members[step.member] ?? "a";
    const link = links.get(member);
    switch (step.do) {
      case "attach":
        if (link === undefined) {
          const opened = model.attach(member);
          links.set(member, opened);
          open(opened);
        }
        return;
      case "detach":
        if (link === undefined) return;
        links.delete(member);
        ended.push(link);
        return model.detach(link);
      case "acknowledge":
        if (link !== undefined) acknowledge(link, step.part);
        return;
      case "subscribe":
      case "unsubscribe": {
        const name = topics[step.topic] ?? "t";
        model[step.do](member, name);
        if (step.do === "unsubscribe") left.add(`${member} topic:${name}`);
        if (link !== undefined) open(link);
      }
    }
  }

  return { model, links, ended, left, own, take, open };
}

function acknowledge({ pump, pushed }: ModelLink, part: number): void {
  const acks = [...pushed].map(([destination, seqs]) => ({
    destination,
    seq: seqs[Math.min(seqs.length - 1, Math.floor((seqs.length * part) / 9))] ?? 0,
  }));
  pump.acknowledge(acks);
}

/** In order, each once, nothing that is another's; and unless the link has ended, all of it. */
function check(model: FollowedLog, left: ReadonlySet<string>, link: ModelLink): void {
  for (const [destination, seqs] of link.pushed) {
    const name = `${link.member} ${destination}`;
    assert.deepEqual(
      seqs,
      [...new Set(seqs)].sort((a, b) => a - b),
      `${name}: in order and once`,
    );
    const owed = new Set(model.owed(link.member, destination, 0, model.log.length).map(({ seq }) => seq));
    const strange = seqs.filter((seq) => !owed.has(seq));
    if (!left.has(name)) assert.deepEqual(strange, [], `${name}: only its own`);
  }
  for (const destination of link.pump.destinations()) {
    const from = link.from.get(destination) ?? 0;
    const owed = model.owed(link.member, destination, from, model.log.length).map(({ seq }) => seq);
    const pushed = new Set(link.pushed.get(destination));
    const missing = owed.filter((seq) => !pushed.has(seq));
    if (link.open) assert.deepEqual(missing, [], `${link.member} ${destination}: whole`);
    // What was pushed before a link ended is a piece without a hole.
    else
      assert.ok(
        missing.every((seq) => seq > Math.max(0, ...pushed)),
        `${link.member} ${destination}: no hole`,
      );
  }
}

test("whatever is told late, twice, in another order or never, every link is pushed all that it is owed, once and in order", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (taken) => {
      const { model, links, ended, left, own, take, open } = driven();
      for (const step of taken) {
        await take(step);
        await turn();
      }
      for (const batch of own.splice(0)) model.committed(batch);
      // Nothing more is told: the sweep has to find what was never told.
      for (const link of links.values()) open(link);
      for (let before = -1, now = 0; before !== now; ) {
        await quiet(model);
        model.swept();
        model.clock.advance(1_000);
        await quiet(model);
        for (const link of links.values()) acknowledge(link, 9);
        await quiet(model);
        before = now;
        now = [...links.values()].flatMap(({ pushed }) => [...pushed.values()]).flat().length;
      }
      for (const link of [...links.values(), ...ended]) check(model, left, link);
    }),
    { numRuns: 500 },
  );
});
