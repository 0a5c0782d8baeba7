import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import type { SendAnswer } from "../../protocol/frames.ts";
import { type OutboxBench, outboxBench, request } from "./outbox.fixture.ts";
import { outboxQueries } from "./queries.ts";

async function bench(t: TestContext): Promise<OutboxBench> {
  const made = await outboxBench();
  t.after(() => made.close());
  return made;
}

const held = ({ outbox }: OutboxBench) => Object.fromEntries(outbox.held());
const answer = ({ outbox, clock }: OutboxBench, outboxId: number, fields: Record<string, unknown>) =>
  outbox.settle([{ outboxId, answer: { client_message_id: "", message: "", ...fields } as SendAnswer }], clock.now());

/** As if the row had been frozen by a daemon that sealed under another version. */
function frozenUnder({ path }: OutboxBench, row: number, version: number): void {
  const db = new DatabaseSync(path);
  db.prepare("UPDATE outbox SET envelope = json_set(envelope, '$.version', ?) WHERE id = ?").run(version, row);
  db.close();
}

test("rows are held from their first transmission until they are answered for good, also over a restart; others are not", async (t) => {
  const made = await bench(t);
  for (let n = 1; n <= 6; n += 1) await made.outbox.accept(request(`r${n}`, String.fromCharCode(97 + n), "x"));
  assert.deepEqual(held(made), {}, "what was never on the wire is sealed anew");
  await made.outbox.claimDue(made.clock.now(), 5);
  assert.deepEqual(held(made), { "sha256-jcs-v2": 5 });
  frozenUnder(made, 1, 1);
  frozenUnder(made, 2, 1);
  assert.deepEqual(held(made), { "sha256-jcs-v1": 2, "sha256-jcs-v2": 3 });
  await made.reopen();
  assert.deepEqual(held(made), { "sha256-jcs-v1": 2, "sha256-jcs-v2": 3 });
  await made.outbox.claimDue(made.clock.now(), 5);
  await answer(made, 1, { status: 201, broker_message_id: "m", history_id: 1, duplicate: false, position: null });
  await answer(made, 2, { status: 429, code: "rate_limited", retry_after_ms: 1_000 });
  await answer(made, 3, { status: 409, code: "idempotency_key_reused" });
  assert.deepEqual(held(made), { "sha256-jcs-v1": 1, "sha256-jcs-v2": 2 });
});

test("a row that only waits to be voided is not held: nothing of it is sent again", async (t) => {
  const made = await bench(t);
  await made.outbox.accept(request("r", "b", "x"));
  await made.outbox.claimDue(made.clock.now(), 5);
  await made.outbox.release([1], "link lost", made.clock.now());
  assert.deepEqual(held(made), { "sha256-jcs-v2": 1 });
  made.clock.advance(100 * 3_600_000);
  assert.equal((await made.outbox.expireDue(made.clock.now(), 48)).length, 1);
  assert.deepEqual(held(made), {});
});

test("a version that this program has no name for is not told", async (t) => {
  const made = await bench(t);
  await made.outbox.accept(request("r", "b", "x"));
  await made.outbox.claimDue(made.clock.now(), 5);
  frozenUnder(made, 1, 99);
  assert.deepEqual(held(made), {});
});

test("the bodies of what waits are not read to find what is held", async (t) => {
  const made = await bench(t);
  await made.outbox.stop();
  const db = new DatabaseSync(made.path);
  const asked: string[] = [];
  outboxQueries({
    prepare(sql: string) {
      asked.push(sql);
      return db.prepare(sql);
    },
  } as unknown as DatabaseSync);
  const sql = asked.find((one) => one.includes("'$.version'")) ?? "";
  const plan = db
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all()
    .map(({ detail }) => String(detail));
  db.close();
  await made.reopen();
  assert.ok(
    plan.some((step) => step.includes("COVERING INDEX outbox_age")),
    plan.join("; "),
  );
  assert.ok(!plan.some((step) => /SCAN outbox$/.test(step)), plan.join("; "));
});
