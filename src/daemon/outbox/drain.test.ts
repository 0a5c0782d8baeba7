import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import type { SendAnswer } from "../../protocol/frames.ts";
import { maxAgeHours } from "../../protocol/features.ts";
import { type OutboxBench, outboxBench, request } from "./outbox.fixture.ts";

const hour = 3_600_000;

async function bench(t: TestContext): Promise<OutboxBench> {
  const made = await outboxBench();
  t.after(() => made.close());
  return made;
}

async function fill(made: OutboxBench, to: string, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await made.outbox.accept(request(`${to}-${n}`, to, `text ${n}`));
}

const claim = async ({ outbox, clock }: OutboxBench, limit = 256) =>
  (await outbox.claimDue(clock.now(), limit)).map(({ outboxId }) => outboxId);

async function answer(
  { outbox, clock }: OutboxBench,
  outboxId: number,
  fields: Record<string, unknown>,
): Promise<void> {
  const given = { client_message_id: "", code: "internal", message: "", ...fields } as unknown as SendAnswer;
  await outbox.settle([{ outboxId, answer: given }], clock.now());
}

const accepted = (seq: number) => ({
  status: 201,
  broker_message_id: `m${seq}`,
  history_id: seq,
  duplicate: false,
  position: null,
});
const state = ({ outbox }: OutboxBench, row: number) => outbox.row(row);

test("rows leave in order, at most so many at once, and a destination that must wait holds up no other", async (t) => {
  const made = await bench(t);
  await fill(made, "b", 3);
  await fill(made, "c", 3);
  assert.deepEqual(await claim(made, 4), [1, 2, 3, 4]);
  await answer(made, 1, { status: 429, code: "rate_limited", retry_after_ms: 10_000 });
  await answer(made, 2, { status: 503, code: "behind" });
  await answer(made, 3, { status: 503, code: "behind" });
  assert.deepEqual(await claim(made), [5, 6], "b waits, c does not");
  assert.equal(made.outbox.nextDueInMs(made.clock.now()), 10_000);
  made.clock.advance(9_999);
  assert.deepEqual(await claim(made), []);
  made.clock.advance(1);
  assert.deepEqual(await claim(made), [1, 2, 3]);
});

test("nothing overtakes a refused row: rows behind it that are still on the link come back first", async (t) => {
  const made = await bench(t);
  await fill(made, "b", 4);
  assert.deepEqual(await claim(made, 2), [1, 2]);
  await answer(made, 1, { status: 429, code: "rate_limited", retry_after_ms: 5 });
  made.clock.advance(100);
  assert.deepEqual(await claim(made), [], "row 2 is still being answered");
  await answer(made, 2, { status: 503, code: "behind" });
  assert.deepEqual(await claim(made), [1, 2, 3, 4]);
});

test("429 is no attempt and its time is honoured; a failure is one, and waits longer each time, up to the cap", async (t) => {
  const made = await bench(t);
  await fill(made, "b", 1);
  await claim(made);
  await answer(made, 1, { status: 429, code: "rate_limited", retry_after_ms: 1_234 });
  assert.equal(state(made, 1)?.attempts, 0);
  const waits: number[] = [];
  made.clock.advance(1_234);
  for (let n = 0; n < 10; n += 1) {
    assert.deepEqual(await claim(made), [1]);
    await answer(made, 1, { status: 503, code: "store_unavailable" });
    const wait = made.outbox.nextDueInMs(made.clock.now()) ?? 0;
    waits.push(wait);
    made.clock.advance(wait);
  }
  assert.equal(state(made, 1)?.attempts, 10);
  assert.ok(
    waits.every((wait, n) => n === 0 || wait >= (waits[n - 1] ?? 0)),
    waits.join(),
  );
  assert.equal(waits.at(-1), 15_000, "half of the cap of 30 s, by the planted random");
});

test("a window of rows that one failure answers is one failure, and waits once", async (t) => {
  const made = await bench(t);
  await fill(made, "b", 50);
  for (const waitMs of [500, 1_000, 2_000]) {
    const rows = await claim(made);
    assert.equal(rows.length, 50);
    for (const row of rows) await answer(made, row, { status: 503, code: "store_unavailable" });
    assert.equal(made.outbox.nextDueInMs(made.clock.now()), waitMs);
    made.clock.advance(waitMs);
  }
});

test("each answer ends where the contract says", async (t) => {
  const made = await bench(t);
  const answers: [Record<string, unknown>, string, string | undefined][] = [
    [accepted(7), "done", undefined],
    [{ ...accepted(8), status: 200, duplicate: true, history_available: false, first_seen_at: "" }, "done", undefined],
    [{ status: 403, code: "not_subscribed" }, "dead", "not_subscribed"],
    [{ status: 413, code: "body_too_large" }, "dead", "body_too_large"],
    [{ status: 410, code: "id_void" }, "dead", "id_void"],
    [
      { status: 409, code: "idempotency_key_reused", conflict: "request_fingerprint_mismatch" },
      "dead",
      "idempotency_key_reused",
    ],
    [
      {
        status: 409,
        code: "idempotency_key_reused",
        conflict: "request_fingerprint_mismatch",
        broker_message_id: "m9",
      },
      "dead",
      "id_committed_differently",
    ],
    [{ status: 429, code: "rate_limited" }, "pending", "rate_limited"],
    [{ status: 503, code: "behind" }, "pending", "behind"],
    [{ status: 500, code: "internal" }, "pending", "internal"],
    [{ status: 599, code: "a_code_from_the_future" }, "pending", "internal"],
  ];
  for (const [index, [fields, status, code]] of answers.entries()) {
    const to = String.fromCharCode(98 + index);
    await fill(made, to, 1);
    const [row = 0] = await claim(made);
    await answer(made, row, fields);
    assert.deepEqual(
      [state(made, row)?.status, state(made, row)?.last_error?.code],
      [status, code],
      JSON.stringify(fields),
    );
    made.clock.advance(60_000);
    if (status === "pending") {
      assert.deepEqual(await claim(made), [row]);
      await answer(made, row, accepted(100 + index));
    }
  }
  assert.equal(made.outbox.list({ states: ["dead"], cursor: null, limit: 50 }).items.at(-1)?.broker_message_id, "m9");
});

test("a refusal after an unanswered attempt does not end the row: the id is voided first, or its record found", async (t) => {
  for (const committed of [false, true]) {
    const made = await bench(t);
    await fill(made, "b", 1);
    await claim(made);
    await made.outbox.release([1], "cut", made.clock.now());
    assert.equal(state(made, 1)?.outcome_unknown, true);
    await claim(made);
    await answer(made, 1, { status: 403, code: "not_subscribed" });
    assert.equal(state(made, 1)?.status, "pending");
    assert.deepEqual(await claim(made), [], "it is not sent again");
    const [doomed] = await made.outbox.expireDue(made.clock.now(), 48);
    assert.ok(doomed !== undefined);
    const record = {
      broker_message_id: "m1",
      history_id: 1,
      request_fingerprint: "f",
      fingerprint_version: 2,
      first_seen_at: "",
    };
    await made.outbox.settleVoid(
      [
        committed
          ? { client_message_id: doomed.wireId, status: "committed", record }
          : { client_message_id: doomed.wireId, status: "void" },
      ],
      made.clock.now(),
    );
    // The record's fingerprint is another one here: the row says so instead of claiming a loss.
    assert.deepEqual(
      [state(made, 1)?.status, state(made, 1)?.last_error?.code],
      ["dead", committed ? "id_committed_differently" : "not_subscribed"],
    );
  }
});

test("age counts from the first attempt, after the negotiated window; a row never attempted lives 720 hours", async (t) => {
  for (const [dedupe, hours] of [
    [{ mode: "retention_scoped", dedupe_retention_days: 3 }, 48],
    [{ mode: "retention_scoped", dedupe_retention_days: 7 }, 144],
    [{ mode: "retention_scoped", dedupe_retention_days: 30 }, 648],
    [{ mode: "retention_scoped", dedupe_retention_days: 365 }, 7_884],
    [{ mode: "permanent" }, 168],
  ] as const)
    assert.equal(maxAgeHours(dedupe), hours);
  const made = await bench(t);
  await fill(made, "b", 2);
  made.clock.advance(100 * hour);
  await claim(made, 1);
  await answer(made, 1, { status: 429, code: "rate_limited", retry_after_ms: 0 });
  made.clock.advance(48 * hour);
  assert.deepEqual(await made.outbox.expireDue(made.clock.now(), 48), []);
  assert.equal(state(made, 1)?.status, "pending", "exactly at the age it still lives");
  made.clock.advance(1);
  const [aged] = await made.outbox.expireDue(made.clock.now(), 48);
  assert.ok(aged !== undefined, "what was on the wire is voided first: the broker holds back what comes after it");
  await made.outbox.settleVoid([{ client_message_id: aged.wireId, status: "void" }], made.clock.now());
  assert.deepEqual(
    [state(made, 1)?.status, state(made, 1)?.last_error?.code, state(made, 2)?.status],
    ["dead", "expired", "pending"],
  );
  made.clock.advance((720 - 148) * hour);
  await made.outbox.expireDue(made.clock.now(), 48);
  assert.deepEqual([state(made, 2)?.status, state(made, 2)?.last_error?.code], ["dead", "expired"]);
});

test("after a crash what was on the link goes out again with the same bytes, and its outcome is unknown", async (t) => {
  const made = await bench(t);
  await fill(made, "b", 1);
  const [before] = await made.outbox.claimDue(made.clock.now(), 1);
  await made.reopen();
  assert.deepEqual([state(made, 1)?.status, state(made, 1)?.outcome_unknown], ["pending", true]);
  made.clock.advance(60_000);
  const [after] = await made.outbox.claimDue(made.clock.now(), 1);
  assert.deepEqual(after?.envelope, before?.envelope);
});

test("rows stranded on a link that ended while the disk was full go back when the next link opens", async (t) => {
  const made = await bench(t);
  await fill(made, "b", 2);
  assert.deepEqual(await claim(made), [1, 2]);
  assert.deepEqual(await claim(made), []);
  await made.outbox.linkOpened();
  assert.deepEqual(made.outbox.counts(), { pending: 2, inflight: 0, done: 0, dead: 0, aborted: 0 });
  assert.equal(state(made, 1)?.outcome_unknown, true);
  assert.deepEqual(await claim(made), [1, 2]);
});

test("a log that lost its end puts what was done above the prefix back into the queue, once", async (t) => {
  const made = await bench(t);
  await fill(made, "b", 3);
  for (const row of await claim(made)) {
    // The last one's epoch was not told, as when its record was found by asking for the id to be voided.
    const position = row === 3 ? null : { epoch: 1, seq: row, broker_message_id: `m${row}`, incarnation: "i", mac: "" };
    await answer(made, row, { ...accepted(row), position });
  }
  const breaks = [{ epoch: 2, prefix: 1, detected_at: "" }];
  assert.equal(await made.outbox.reopenAfterBreak(breaks, made.clock.now()), 2);
  assert.deepEqual(
    [1, 2, 3].map((row) => state(made, row)?.status),
    ["done", "pending", "pending"],
  );
  assert.equal(await made.outbox.reopenAfterBreak(breaks, made.clock.now()), 0);
  assert.deepEqual(await claim(made), [2, 3]);
  assert.deepEqual(made.outbox.counts(), { pending: 0, inflight: 2, done: 1, dead: 0, aborted: 0 });
});

test("a row that is sent again because the broker lost it has its whole age before it", async (t) => {
  const made = await bench(t);
  await fill(made, "b", 1);
  await claim(made);
  await answer(made, 1, {
    ...accepted(1),
    position: { epoch: 1, seq: 1, broker_message_id: "m1", incarnation: "i", mac: "" },
  });
  made.clock.advance(60 * 24 * hour);
  assert.equal(await made.outbox.reopenAfterBreak([{ epoch: 2, prefix: 0, detected_at: "" }], made.clock.now()), 1);
  assert.deepEqual(await made.outbox.expireDue(made.clock.now(), 48), []);
  assert.deepEqual([state(made, 1)?.status, await claim(made)], ["pending", [1]]);
});

test("a commit that fails for good ends the process, whoever asked for it; one on a full disk does not", async (t) => {
  for (const [errcode, fatals] of [
    [10, 1],
    [13, 0],
  ] as const) {
    const ended: unknown[] = [];
    const made = await outboxBench({ fatal: (error) => void ended.push(error) });
    t.after(() => made.close());
    await fill(made, "b", 1);
    const { exec } = DatabaseSync.prototype;
    t.mock.method(DatabaseSync.prototype, "exec", function (this: DatabaseSync, sql: string) {
      if (sql === "COMMIT") throw Object.assign(new Error("planted"), { errcode });
      return exec.call(this, sql);
    });
    await assert.rejects(claim(made));
    t.mock.restoreAll();
    assert.equal(ended.length, fatals);
    assert.deepEqual(await claim(made), [1], "nothing is believed to be on the link");
    await answer(made, 1, { status: 429, code: "rate_limited", retry_after_ms: 5 });
    made.clock.advance(5);
    assert.deepEqual(await claim(made), [1]);
  }
});

test("the mark that a stage was told never wipes out a later stage", async (t) => {
  let hang = false;
  const made = await outboxBench({ onStages: () => (hang ? new Promise<void>(() => undefined) : Promise.resolve()) });
  await made.outbox.accept(request("one", "b", "text", { destination_kind: "topic", destination_ref: "ops" }));
  const [row] = await made.outbox.claimDue(made.clock.now(), 1);
  await answer(made, 1, accepted(1));
  await new Promise((resolve) => setImmediate(resolve));
  // From here on the event of a stage never reaches the disk: the process is about to be killed.
  hang = true;
  await made.outbox.applyProgress(row?.envelope.client_message_id ?? "", { reached: 1, of: 1 });
  await fill(made, "c", 1);
  await claim(made);
  const looked = new DatabaseSync(made.path, { readOnly: true });
  assert.equal(looked.prepare("SELECT untold FROM outbox WHERE id = 1").get()?.["untold"], 1);
  looked.close();
  hang = false;
  t.after(() => made.abandon());
});

test("thirty days after its end a row is a tombstone that still answers for its id", async (t) => {
  const made = await bench(t);
  await fill(made, "b", 1);
  await claim(made);
  await answer(made, 1, accepted(1));
  made.clock.advance(30 * 24 * hour);
  assert.equal(await made.outbox.prune(made.clock.now()), 0);
  made.clock.advance(1);
  assert.equal(await made.outbox.prune(made.clock.now()), 1);
  const again = await made.outbox.accept(request("b-0", "b", "text 0"));
  assert.deepEqual([again.kind, (await made.outbox.accept(request("b-0", "b", "other"))).kind], ["done", "conflict"]);
  await assert.rejects(made.outbox.requeue(1, {}, "test"), { code: "row_not_requeueable" });
});

test("a full disk refuses the send and stores nothing; with room again it goes on, and what was there is there", async (t) => {
  const made = await outboxBench({ pragmas: "PRAGMA synchronous = FULL; PRAGMA max_page_count = 60;" });
  t.after(() => made.close());
  let stored = 0;
  const fillUp = async (): Promise<void> => {
    for (;;) {
      await made.outbox.accept(request(`f-${stored}`, "b", "x".repeat(20_000)));
      stored += 1;
    }
  };
  await assert.rejects(fillUp(), { code: "outbox_full" });
  assert.ok(stored > 0);
  assert.equal(made.outbox.counts().pending, stored);
  await made.reopen({});
  assert.equal(made.outbox.counts().pending, stored);
  await made.outbox.accept(request("after", "b", "fits"));
});

test("while another program holds the database a send is refused as that, and nothing of it is stored", async (t) => {
  const made = await outboxBench({ pragmas: "PRAGMA synchronous = FULL; PRAGMA busy_timeout = 0;" });
  t.after(() => made.close());
  const other = new DatabaseSync(made.path);
  other.exec("BEGIN IMMEDIATE");
  await assert.rejects(made.outbox.accept(request("locked", "b", "text")), { code: "store_unavailable" });
  other.exec("ROLLBACK");
  other.close();
  assert.equal(made.outbox.counts().pending, 0);
  assert.equal((await made.outbox.accept(request("locked", "b", "text"))).kind, "queued");
});
