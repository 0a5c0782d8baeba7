import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { silentLog } from "../../base/log.ts";
import type { SendFrame } from "../../protocol/frames.ts";
import { type OutboxBench, outboxBench, request } from "../outbox/outbox.fixture.ts";
import { createDrain, type Drain } from "./drain.ts";

interface Bench {
  readonly made: OutboxBench;
  readonly drain: Drain;
  readonly frames: SendFrame[];
  readonly ended: () => number;
  /** The next look at the clock happens this much later than it began. */
  lateness: number[];
}

async function bench(t: TestContext, frameItems = 256): Promise<Bench> {
  const made = await outboxBench();
  t.after(() => made.close());
  const frames: SendFrame[] = [];
  let id = 0;
  let ended = 0;
  const lateness: number[] = [];
  const drain = createDrain({
    outbox: made.outbox,
    clock: {
      now() {
        made.clock.advance(lateness.shift() ?? 0);
        return made.clock.now();
      },
      after: made.clock.after,
    },
    log: silentLog,
    voidDoomed: () => undefined,
    send: (frame) => void frames.push(frame as SendFrame),
    takeId() {
      id += 1;
      return id;
    },
    frameBytes: 1_048_576,
    frameItems,
    terminate() {
      ended += 1;
    },
  });
  return { made, drain, frames, ended: () => ended, lateness };
}

/** What was scheduled for the next turns of the event loop has run. */
async function turns(): Promise<void> {
  for (let n = 0; n < 5; n += 1) await new Promise((resolve) => setImmediate(resolve));
}

const refuse = (frame: SendFrame, retryAfterMs: number) => ({
  type: "send_ack" as const,
  id: frame.id,
  items: frame.items.map(({ client_message_id }, index) => ({
    status: index === 0 ? 429 : 503,
    client_message_id,
    code: index === 0 ? ("rate_limited" as const) : ("behind" as const),
    message: "",
    retry_after_ms: retryAfterMs,
  })),
});

test("a row that becomes due between the look for due rows and the look at when the next one is goes out all the same", async (t) => {
  const { made, drain, frames, lateness } = await bench(t);
  await made.outbox.accept(request("one", "b", "text"));
  await drain.open();
  await turns();
  const [first] = frames;
  assert.ok(first !== undefined);
  drain.answered(refuse(first, 20));
  await turns();
  made.clock.advance(19);
  assert.equal(frames.length, 1);
  lateness.push(0, 1);
  drain.wake();
  await turns();
  assert.equal(frames.length, 2);
});

test("rows leave in frames of no more items than the broker takes, and no more than the window is unanswered", async (t) => {
  const { made, drain, frames } = await bench(t, 50);
  for (let n = 0; n < 600; n += 1) await made.outbox.accept(request(`m-${n}`, n % 2 === 0 ? "b" : "c", "text"));
  await drain.open();
  for (let n = 0; n < 20; n += 1) await turns();
  assert.ok(frames.every(({ items }) => items.length <= 50));
  const sent = frames.reduce((sum, { items }) => sum + items.length, 0);
  assert.ok(sent > 50 && sent <= 256, `${sent} unanswered`);
});

test("an answer that leaves an item out ends the link, and the row goes back with its outcome unknown", async (t) => {
  const { made, drain, frames, ended } = await bench(t);
  await made.outbox.accept(request("one", "b", "text"));
  await drain.open();
  await turns();
  drain.answered({ type: "send_ack", id: frames[0]?.id ?? 0, items: [] });
  assert.equal(ended(), 1);
  await drain.closed();
  const row = made.outbox.row(1);
  assert.deepEqual([row?.status, row?.outcome_unknown], ["pending", true]);
});
