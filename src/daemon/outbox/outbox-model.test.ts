import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { wireId } from "../../protocol/ids.ts";
import type { ClaimedRow } from "../parts.ts";
import { createModelBroker, type ModelBroker, type Mood } from "./model-broker.fixture.ts";
import { me, type OutboxBench, outboxBench, request } from "./outbox.fixture.ts";

/**
 * The outbox against a model of the broker, under sends, lost answers, lost links, crashes, refusals, outages, drops,
 * requeues and expiry in any order. After every step (delivery.md §9):
 * 1. no row is dead or aborted while its envelope is committed, unless that very row says who has it;
 * 2. an id is committed at most once, and a done row names its record;
 * 4. per destination, what was committed was committed in the order of the outbox.
 */
type Step =
  | { readonly do: "send"; readonly id: number; readonly to: "b" | "c"; readonly text: number }
  | { readonly do: "claim"; readonly limit: number }
  | { readonly do: "answer"; readonly count: number; readonly mood: Mood; readonly lost: boolean }
  | { readonly do: "cut" | "crash" | "wait" | "age" | "expire" }
  | { readonly do: "drop" | "requeue"; readonly row: number; readonly away: boolean };

const moods: readonly Mood[] = ["accept", "limited", "failed", "failed-after-commit"];
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      id: fc.nat(7),
      to: fc.constantFrom("b" as const, "c" as const),
      text: fc.nat(1),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("claim" as const), limit: fc.integer({ min: 1, max: 4 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("answer" as const),
      count: fc.integer({ min: 1, max: 3 }),
      mood: fc.constantFrom(...moods),
      lost: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("cut" as const, "crash" as const, "wait" as const, "age" as const, "expire" as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("drop" as const, "requeue" as const),
      row: fc.nat(5),
      away: fc.boolean(),
    }),
  },
);

/** Every second text is one that the broker permanently refuses. */
const refusedBody = Buffer.from("text 1").toString("base64url");

interface World {
  readonly bench: OutboxBench;
  readonly broker: ModelBroker;
  /** On the link, in order; `lost`: the broker has answered and the answer is not coming. */
  onLink: { row: ClaimedRow; lost: boolean }[];
}

test("whatever happens in whatever order, no row dies while its message lives, none is committed twice, and order holds", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const world: World = {
        bench: await outboxBench(),
        broker: createModelBroker(({ body }) => body === refusedBody),
        onLink: [],
      };
      try {
        for (const each of steps) {
          await take(world, each);
          check(world);
        }
        await settleEverything(world);
        check(world);
        const { pending, inflight } = world.bench.outbox.counts();
        assert.equal(pending + inflight, 0, "everything ends");
      } finally {
        await world.bench.close();
      }
    }),
    { numRuns: 300 },
  );
});

async function take(world: World, each: Step): Promise<void> {
  const { bench, broker } = world;
  const { outbox, clock } = bench;
  switch (each.do) {
    case "send":
      await outbox.accept(request(`id-${each.id}`, each.to, `text ${each.text}`));
      return;
    case "claim":
      for (const row of await outbox.claimDue(clock.now(), each.limit)) world.onLink.push({ row, lost: false });
      return;
    case "answer":
      return answer(world, each.count, each.mood, each.lost);
    case "cut":
      return cut(world);
    case "crash":
      world.onLink = [];
      broker.newLink();
      return bench.reopen();
    case "wait":
      clock.advance(60_000);
      return;
    case "age":
      clock.advance(800 * 3_600_000);
      return;
    case "expire": {
      const toVoid = await outbox.expireDue(clock.now(), 48);
      await outbox.settleVoid(broker.voidIds(toVoid.map(({ wireId: id }) => id)), clock.now());
      return;
    }
    case "drop":
    case "requeue": {
      bench.voids = each.away ? null : broker.voidIds;
      const open = outbox.list({ states: ["pending", "inflight", "dead"], cursor: null, limit: 100 }).items;
      const row = open[each.row % Math.max(1, open.length)]?.outbox_id ?? 0;
      try {
        if (each.do === "drop") await outbox.drop(row, { force: false }, "test");
        else await outbox.requeue(row, {}, "test");
      } catch (error) {
        assert.match(String((error as { code?: unknown }).code), /^(not_found|row_not_requeueable|outcome_pending)$/);
      }
    }
  }
}

/** The broker works through the link in order; an answer that is lost is lost for good, with all that come after it. */
async function answer(world: World, count: number, mood: Mood, lost: boolean): Promise<void> {
  const { bench, broker } = world;
  const todo = world.onLink.filter((entry) => !entry.lost).slice(0, count);
  const answers = todo.map((entry, index) => ({
    outboxId: entry.row.outboxId,
    answer: broker.answer(entry.row.envelope, index === 0 ? mood : "accept"),
  }));
  if (lost || world.onLink.some((entry) => entry.lost)) {
    for (const entry of todo) entry.lost = true;
    return;
  }
  world.onLink = world.onLink.filter((entry) => !todo.includes(entry));
  await bench.outbox.settle(answers, bench.clock.now());
}

async function cut(world: World): Promise<void> {
  const { bench, broker } = world;
  await bench.outbox.release(
    world.onLink.map(({ row }) => row.outboxId),
    "cut",
    bench.clock.now(),
  );
  world.onLink = [];
  broker.newLink();
}

async function settleEverything(world: World): Promise<void> {
  const { bench, broker } = world;
  await cut(world);
  for (let round = 0; round < 200; round += 1) {
    bench.clock.advance(60_000);
    const toVoid = await bench.outbox.expireDue(bench.clock.now(), 1_000_000);
    await bench.outbox.settleVoid(broker.voidIds(toVoid.map(({ wireId: id }) => id)), bench.clock.now());
    const rows = await bench.outbox.claimDue(bench.clock.now(), 16);
    await bench.outbox.settle(
      rows.map((row) => ({ outboxId: row.outboxId, answer: broker.answer(row.envelope, "accept") })),
      bench.clock.now(),
    );
    const { pending, inflight } = bench.outbox.counts();
    if (pending + inflight === 0) return;
  }
}

function check({ bench, broker }: World): void {
  const rows = bench.outbox.list({ states: null, cursor: null, limit: 1_000 }).items;
  const idOf = (id: string) => (id.startsWith("id-") ? wireId(me, id) : id);
  const committed = new Map(broker.log.map((entry, index) => [entry.id, index + 1]));
  assert.equal(committed.size, broker.log.length, "an id is committed at most once");
  for (const row of rows) {
    const seq = committed.get(idOf(row.client_message_id));
    if (row.status === "dead" || row.status === "aborted")
      assert.equal(seq, undefined, `row ${row.outbox_id} is ${row.status} and committed`);
    if (row.status === "done") assert.equal(row.history_id, seq, `row ${row.outbox_id} is done under its record`);
  }
  const rowOf = new Map(rows.map((row) => [idOf(row.client_message_id), row.outbox_id]));
  for (const destination of new Set(broker.log.map((entry) => entry.destination))) {
    const order = broker.log
      .filter((entry) => entry.destination === destination)
      .map((entry) => rowOf.get(entry.id) ?? 0);
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
      "accept order is outbox order",
    );
  }
  const counted = bench.outbox.counts();
  for (const status of Object.keys(counted) as (keyof typeof counted)[])
    assert.equal(counted[status], rows.filter((row) => row.status === status).length, `counter of ${status}`);
}
