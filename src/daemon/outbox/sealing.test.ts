import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import type { Envelope } from "../../protocol/envelope.ts";
import type { ReceiptState, SendAnswer, VoidAnswer } from "../../protocol/frames.ts";
import { type OutboxBench, outboxBench, request } from "./outbox.fixture.ts";

async function bench(t: TestContext): Promise<OutboxBench> {
  const made = await outboxBench();
  t.after(() => made.close());
  return made;
}

async function claimed({ outbox, clock }: OutboxBench): Promise<readonly Envelope[]> {
  return (await outbox.claimDue(clock.now(), 256)).map(({ envelope }) => envelope);
}

const accepted: SendAnswer = {
  status: 201,
  client_message_id: "",
  broker_message_id: "m1",
  history_id: 1,
  duplicate: false,
  position: { epoch: 1, seq: 1, broker_message_id: "m1", incarnation: "i", mac: "m" },
};
const settle = ({ outbox, clock }: OutboxBench, outboxId: number, answer: SendAnswer) =>
  outbox.settle([{ outboxId, answer }], clock.now());
const waits = (code: string) => ({
  ready: false as const,
  reason: { code, message: "not yet" },
  forGood: false,
});
/** An earlier version froze what it sent as it was written. */
function sentUnsealed({ path }: OutboxBench, row: number): void {
  const db = new DatabaseSync(path);
  const { envelope } = db.prepare("SELECT envelope FROM outbox WHERE id = ?").get(row) as { envelope: string };
  const plain = { ...(JSON.parse(envelope) as Envelope), algorithm: "none", sealed_to: null };
  db.prepare("UPDATE outbox SET envelope = ? WHERE id = ?").run(JSON.stringify(plain), row);
  db.close();
}

test("nothing leaves unsealed: not a direct message, nor what goes to a topic or a queue", async (t) => {
  const made = await bench(t);
  const text = "the plan is to attack at dawn";
  await made.outbox.accept(request("one", "b", text));
  await made.outbox.accept(request("two", "b", text, { destination_kind: "topic", destination_ref: "ops" }));
  await made.outbox.accept(request("three", "b", text, { destination_kind: "queue", destination_ref: "jobs" }));
  const envelopes = await claimed(made);
  assert.deepEqual(
    envelopes.map(({ algorithm }) => algorithm),
    ["hpke-v1", "epoch-v1", "epoch-v1"],
  );
  for (const { body } of envelopes) {
    const bytes = Buffer.from(body, "base64url");
    assert.equal(bytes.includes("attack"), false);
    assert.ok(bytes.length > text.length);
  }
});

test("a destination that nothing can be sealed to waits and says why, holds up no other, and goes on when there is news of keys", async (t) => {
  const made = await bench(t);
  let keyless = true;
  made.sealer.readiness = (_kind, ref) => (keyless && ref.startsWith("b") ? waits("waits_for_key") : { ready: true });
  for (const [id, to] of [
    ["b1", "b"],
    ["c1", "c"],
    ["b2", "b"],
  ] as const)
    await made.outbox.accept(request(id, to, "hello"));
  let woken = 0;
  made.outbox.onWork(() => {
    woken += 1;
  });
  assert.deepEqual(
    (await claimed(made)).map(({ destination_ref }) => destination_ref[0]),
    ["c"],
  );
  const waiting = made.outbox.row(1);
  assert.deepEqual([waiting?.status, waiting?.last_error?.code, waiting?.attempts], ["pending", "waits_for_key", 0]);
  assert.equal(made.outbox.nextDueInMs(made.clock.now()), null, "no time makes it ready");
  assert.deepEqual(await claimed(made), []);
  keyless = false;
  made.outbox.keysChanged();
  assert.ok(woken > 0, "the drain is woken");
  assert.deepEqual(
    (await claimed(made)).map(({ client_message_id }) => client_message_id.slice(17)),
    ["b1", "b2"],
    "in order",
  );
});

test("what waits for a key survives a restart and is asked for again", async (t) => {
  const made = await bench(t);
  made.sealer.readiness = () => waits("mesh_unsealed");
  await made.outbox.accept(request("one", "b", "hello"));
  assert.deepEqual(await claimed(made), []);
  await made.reopen();
  assert.equal(made.outbox.row(1)?.last_error?.code, "mesh_unsealed");
  made.sealer.readiness = () => ({ ready: true });
  assert.equal((await claimed(made)).length, 1);
});

test("rows of a destination that nothing can ever be sealed to die with the reason, and are told", async (t) => {
  const made = await bench(t);
  const error = { code: "not_a_member", message: "@bob was revoked" };
  made.sealer.readiness = (_kind, ref) =>
    ref.startsWith("b") ? { ready: false, reason: error, forGood: true } : { ready: true };
  for (const [id, to] of [
    ["b1", "b"],
    ["b2", "b"],
    ["c1", "c"],
  ] as const)
    await made.outbox.accept(request(id, to, "hello"));
  assert.equal((await claimed(made)).length, 1);
  await made.reopen();
  assert.deepEqual(
    [1, 2].map((row) => [made.outbox.row(row)?.status, made.outbox.row(row)?.last_error]),
    [
      ["dead", error],
      ["dead", error],
    ],
  );
  assert.deepEqual(made.outbox.counts(), { pending: 1, inflight: 0, done: 0, dead: 2, aborted: 0 });
  assert.deepEqual(made.told.map(({ id, status }) => [id, status]).slice(0, 2), [
    [1, "dead"],
    [2, "dead"],
  ]);
});

test("a row that was never on the wire follows the keys; one that was keeps its bytes, whatever its key is now", async (t) => {
  const made = await bench(t);
  await made.outbox.accept(request("sent", "b", "hello"));
  const [sent] = await claimed(made);
  await made.outbox.accept(request("unsent", "b", "hello"));
  made.sealer.generation += 1;
  await made.outbox.release([1], "the link closed", made.clock.now());
  made.sealer.generation += 1;
  const [again, unsent] = await claimed(made);
  assert.deepEqual(again, sent);
  assert.notEqual(unsent?.sealed_to, sent?.sealed_to);
});

test("a frozen row goes out again although nothing could be sealed to its destination any more", async (t) => {
  const made = await bench(t);
  await made.outbox.accept(request("sent", "b", "hello"));
  const [sent] = await claimed(made);
  await made.outbox.release([1], "the link closed", made.clock.now());
  made.sealer.readiness = () => waits("waits_for_key");
  assert.deepEqual(await claimed(made), [sent]);
});

test("an outbox that was put back from before sends the same bytes, so the broker finds a repetition", async (t) => {
  const made = await bench(t);
  await made.outbox.accept(request("one", "b", "hello", { meta: '{"a":1}', mentions: ["c".repeat(64)] }));
  await made.outbox.accept(request("two", "b", "hello", { destination_kind: "topic", destination_ref: "ops" }));
  await made.outbox.stop();
  const backup = `${made.path}.backup`;
  copyFileSync(made.path, backup);
  await made.reopen();
  const sent = await claimed(made);
  await made.outbox.stop();
  copyFileSync(backup, made.path);
  await made.reopen();
  assert.equal(made.outbox.row(1)?.status, "pending", "it is from before");
  assert.deepEqual(await claimed(made), sent);
});

test("put back from before a key was changed, a row says that it was accepted earlier with other bytes, never that it was lost", async (t) => {
  const made = await bench(t);
  await made.outbox.accept(request("one", "b", "hello"));
  await made.outbox.stop();
  const backup = `${made.path}.backup`;
  copyFileSync(made.path, backup);
  await made.reopen();
  const [sent] = await claimed(made);
  await made.outbox.stop();
  copyFileSync(backup, made.path);
  made.sealer.generation += 1;
  await made.reopen();
  const [other] = await claimed(made);
  assert.notEqual(other?.request_fingerprint, sent?.request_fingerprint);
  await settle(made, 1, {
    status: 409,
    client_message_id: "",
    conflict: "fingerprint_mismatch",
    broker_message_id: "m1",
  } as unknown as SendAnswer);
  const row = made.outbox.row(1);
  assert.deepEqual(
    [row?.status, row?.last_error?.code, row?.broker_message_id],
    ["dead", "id_committed_differently", "m1"],
  );
});

test("what an earlier version had put on the wire unsealed is never sent again: its id is voided, then it dies and can be sent anew", async (t) => {
  const made = await bench(t);
  for (const id of ["void", "committed", "behind"]) await made.outbox.accept(request(id, "b", "secret"));
  const [first, second] = await claimed(made);
  await made.outbox.release([1, 2, 3], "the link closed", made.clock.now());
  sentUnsealed(made, 1);
  sentUnsealed(made, 2);
  await made.reopen();
  await made.outbox.linkOpened();
  assert.deepEqual(await claimed(made), [], "nothing overtakes what waits to be voided");
  const doomed = await made.outbox.expireDue(made.clock.now(), 24);
  assert.deepEqual(
    doomed.map(({ wireId }) => wireId),
    [first?.client_message_id, second?.client_message_id],
  );
  await made.outbox.settleVoid(
    [
      { client_message_id: first?.client_message_id ?? "", status: "void" },
      {
        client_message_id: second?.client_message_id ?? "",
        status: "committed",
        record: {
          broker_message_id: "m2",
          history_id: 2,
          request_fingerprint: second?.request_fingerprint ?? "",
        },
      } as unknown as VoidAnswer,
    ],
    made.clock.now(),
  );
  const dead = made.outbox.row(1);
  assert.deepEqual([dead?.status, dead?.last_error?.code], ["dead", "unsealed_body"]);
  assert.match(dead?.last_error?.message ?? "", /claudemesh outbox requeue 1 /);
  assert.equal(made.outbox.row(2)?.status, "done");
  made.clock.advance(1_000);
  assert.deepEqual(
    (await claimed(made)).map(({ algorithm }) => algorithm),
    ["hpke-v1"],
    "the row behind them goes on",
  );
  const requeued = await made.outbox.requeue(1, {}, "test");
  const [anew] = await claimed(made);
  assert.deepEqual([anew?.algorithm, anew?.supersedes], ["hpke-v1", first?.client_message_id]);
  assert.equal(made.outbox.row(1)?.superseded_by, requeued.outbox_id);
});

test("what was accepted unsealed and lost by the broker is not sent unsealed again", async (t) => {
  const made = await bench(t);
  await made.outbox.accept(request("one", "b", "secret"));
  await claimed(made);
  await settle(made, 1, accepted);
  sentUnsealed(made, 1);
  assert.equal(
    await made.outbox.reopenAfterBreak(
      [{ epoch: 2, prefix: 0, detected_at: "2026-01-01T00:00:00.000Z" }],
      made.clock.now(),
    ),
    1,
  );
  assert.deepEqual(await claimed(made), []);
  assert.equal((await made.outbox.expireDue(made.clock.now(), 24)).length, 1);
});

const receipt = (envelope: Envelope | undefined, from: string, state: ReceiptState) => [
  {
    wireId: envelope?.client_message_id ?? "",
    fingerprint: envelope?.request_fingerprint ?? "",
    from: from.repeat(64),
    state,
    at: "2026-01-01T00:00:00.000Z",
  },
];
const undecryptable = (envelope: Envelope | undefined, from: string) => receipt(envelope, from, "undecryptable");

test("a receipt says nothing of a message that was sent in other bytes than those that it was signed for", async (t) => {
  const made = await bench(t);
  await made.outbox.accept(request("one", "b", "hello"));
  const [sent] = await claimed(made);
  await settle(made, 1, accepted);
  assert.ok(sent !== undefined);
  const other = { ...sent, request_fingerprint: "ab".repeat(32) };
  for (const state of ["delivered", "read", "undecryptable"] as const)
    await made.outbox.applyReceipts(receipt(other, "b", state));
  const row = made.outbox.row(1);
  assert.deepEqual([row?.delivered_at, row?.last_error], [null, null]);
  await made.outbox.applyReceipts(receipt(sent, "b", "delivered"));
  assert.notEqual(made.outbox.row(1)?.delivered_at, null);
});

test("a broker's count of receivers makes only a topic's message delivered, and only where it is a count", async (t) => {
  const made = await bench(t);
  await made.outbox.accept(request("dm", "b", "hello"));
  await made.outbox.accept(request("job", "b", "hello", { destination_kind: "queue", destination_ref: "jobs" }));
  await made.outbox.accept(request("said", "b", "hello", { destination_kind: "topic", destination_ref: "ops" }));
  const sent = await claimed(made);
  for (const id of [1, 2, 3]) await settle(made, id, { ...accepted, broker_message_id: `m${id}`, history_id: id });
  const delivered = () => [1, 2, 3].map((id) => made.outbox.row(id)?.delivered_at !== null);
  for (const { client_message_id: wireId } of sent.slice(0, 2))
    await made.outbox.applyProgress(wireId, { reached: 1, of: 1 });
  const wireId = sent[2]?.client_message_id ?? "";
  for (const lie of [
    { reached: "9", of: 1 },
    { reached: {}, of: 1 },
    { reached: 1 },
    { reached: 1.5, of: 1 },
    { reached: 2, of: -1 },
  ])
    await made.outbox.applyProgress(wireId, lie as { reached: number; of: number });
  assert.deepEqual(delivered(), [false, false, false]);
  await made.outbox.applyProgress(wireId, { reached: 1, of: 1 });
  assert.deepEqual(delivered(), [false, false, true]);
});

test("what its receiver can never open is sealed again once, to its present key, in a row that supersedes the first", async (t) => {
  const made = await bench(t);
  await made.outbox.accept(request("one", "b", "hello", { meta: '{"a":1}', priority: "now" }));
  const [first] = await claimed(made);
  await settle(made, 1, accepted);
  const told = undecryptable(first, "b");
  await made.outbox.applyReceipts(undecryptable(first, "e"));
  assert.equal(made.outbox.row(1)?.last_error, null, "only its receiver can say so");
  made.sealer.generation += 1;
  await made.outbox.applyReceipts(told);
  await made.outbox.applyReceipts(told);
  const row = made.outbox.row(1);
  assert.deepEqual([row?.status, row?.last_error?.code, row?.superseded_by], ["done", "undecryptable", 2]);
  const [second, ...more] = await claimed(made);
  assert.deepEqual(more, []);
  assert.deepEqual(
    [second?.supersedes, second?.meta, second?.priority, second?.destination_ref],
    [first?.client_message_id, '{"a":1}', "now", first?.destination_ref],
  );
  assert.notEqual(second?.sealed_to, first?.sealed_to);
  await settle(made, 2, accepted);
  made.sealer.generation += 1;
  await made.outbox.applyReceipts(undecryptable(second, "b"));
  assert.deepEqual(await claimed(made), [], "once");
  assert.deepEqual([made.outbox.row(2)?.superseded_by, made.outbox.row(2)?.last_error?.code], [null, "undecryptable"]);
});

test("where the receiver's key is the one that it was sealed to, the row says that it cannot be opened", async (t) => {
  const made = await bench(t);
  await made.outbox.accept(request("one", "b", "hello"));
  const [first] = await claimed(made);
  await settle(made, 1, accepted);
  await made.outbox.applyReceipts(undecryptable(first, "b"));
  const row = made.outbox.row(1);
  assert.deepEqual([row?.status, row?.last_error?.code, row?.superseded_by], ["done", "undecryptable", null]);
  assert.equal(made.outbox.message("one")?.last_error?.code, "undecryptable");
  assert.deepEqual(await claimed(made), []);
});
