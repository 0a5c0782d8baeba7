import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { silentLog } from "../../base/log.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import { envelopeFingerprint } from "../../protocol/fingerprint.ts";
import type { SendAnswer, VoidAnswer } from "../../protocol/frames.ts";
import type { RowRefusal } from "../../protocol/row-refusal.ts";
import { type OutboxBench, outboxBench, request } from "./outbox.fixture.ts";

interface Restored extends OutboxBench {
  /** What was sent in the life that is lost, and is committed. */
  readonly committed: Envelope;
  /** What is sent in this one. */
  readonly sent: Envelope;
  readonly mismatches: RowRefusal[];
  readonly logged: { readonly fields: Record<string, unknown>; readonly message: string }[];
}

/** An outbox that sent its row under version 1, was put back from before that, and has sent it again under version 2. */
async function restored(t: TestContext, change: (made: OutboxBench) => void = () => undefined): Promise<Restored> {
  const mismatches: RowRefusal[] = [];
  const logged: Restored["logged"] = [];
  const more = {
    onMismatch: (error: RowRefusal) => void mismatches.push(error),
    log: {
      ...silentLog,
      warn: (fields: Record<string, unknown>, message: string) => void logged.push({ fields, message }),
    },
  };
  const made = await outboxBench(more);
  t.after(() => made.close());
  made.sealer.fingerprintVersion = 1;
  await made.outbox.accept(request("one", "b", "hello", { meta: '{"a":1}', mentions: ["c".repeat(64)] }));
  await made.outbox.stop();
  copyFileSync(made.path, `${made.path}.backup`);
  await made.reopen();
  const [committed] = await claimed(made);
  await made.outbox.stop();
  copyFileSync(`${made.path}.backup`, made.path);
  await made.reopen();
  made.sealer.fingerprintVersion = 2;
  change(made);
  const [sent] = await claimed(made);
  assert.ok(committed !== undefined && sent !== undefined);
  assert.deepEqual([committed.version, sent.version], [1, 2]);
  assert.notEqual(sent.body, committed.body, "the version is part of what a body is sealed under");
  return Object.assign(made, { committed, sent, mismatches, logged });
}

async function claimed({ outbox, clock }: OutboxBench): Promise<readonly Envelope[]> {
  return (await outbox.claimDue(clock.now(), 256)).map(({ envelope }) => envelope);
}

function conflict(fields: Record<string, unknown>): SendAnswer {
  return {
    status: 409,
    client_message_id: "",
    code: "idempotency_key_reused",
    conflict: "request_fingerprint_mismatch",
    broker_message_id: "m1",
    ...fields,
  } as unknown as SendAnswer;
}

const duplicate: SendAnswer = {
  status: 200,
  client_message_id: "",
  broker_message_id: "m1",
  history_id: 1,
  duplicate: true,
  history_available: true,
  first_seen_at: "2026-01-01T00:00:00.000Z",
  position: null,
};

const settle = ({ outbox, clock }: OutboxBench, answer: SendAnswer) =>
  outbox.settle([{ outboxId: 1, answer }], clock.now());

const record = ({ committed }: Restored) => ({
  broker_fingerprint_prefix: committed.request_fingerprint.slice(0, 16),
  broker_fingerprint_version: committed.version,
});

for (const tells of [true, false]) {
  test(`put back from before an upgrade, a row is sealed once more under the record's version and found${tells ? "" : ", also where the broker does not say which that is"}`, async (t) => {
    const made = await restored(t);
    const { broker_fingerprint_prefix, broker_fingerprint_version } = record(made);
    await settle(made, conflict({ broker_fingerprint_prefix, ...(tells ? { broker_fingerprint_version } : {}) }));
    const waiting = made.outbox.row(1);
    assert.deepEqual([waiting?.status, waiting?.attempts], ["pending", 0]);
    assert.deepEqual(await claimed(made), [made.committed], "byte for byte");
    await settle(made, duplicate);
    assert.deepEqual([made.outbox.row(1)?.status, made.outbox.row(1)?.history_id], ["done", 1]);
    const at = "2026-01-01T00:00:01.000Z";
    const { client_message_id: wireId, request_fingerprint: fingerprint, destination_ref: from } = made.committed;
    await made.outbox.applyReceipts([{ wireId, fingerprint, from, state: "delivered", at }]);
    assert.equal(made.outbox.row(1)?.delivered_at, at, "its receiver was given the first bytes");
    assert.deepEqual(made.mismatches, []);
  });
}

test("where the broker holds other bytes indeed, the row ends and says so with both prefixes and versions: in the row, to listeners, in the log", async (t) => {
  const made = await restored(t, ({ sealer }) => {
    sealer.generation += 1;
  });
  await settle(made, conflict(record(made)));
  const error = {
    code: "id_committed_differently",
    message: "the broker accepted this id earlier with other bytes",
    broker_message_id: "m1",
    ...record(made),
    wire_fingerprint_prefix: made.sent.request_fingerprint.slice(0, 16),
    wire_fingerprint_version: 2,
  };
  assert.deepEqual([made.outbox.row(1)?.status, made.outbox.row(1)?.last_error], ["dead", error]);
  assert.deepEqual(made.mismatches, [error]);
  assert.deepEqual(JSON.parse(made.told.at(-1)?.last_error ?? ""), error);
  const { message: _, ...fields } = error;
  assert.deepEqual(made.logged, [
    {
      fields: { outbox_id: 1, client_message_id: "one", ...fields },
      message: "the broker holds the id of a message for other bytes",
    },
  ]);
  for (const { request_fingerprint } of [made.sent, made.committed])
    assert.equal(JSON.stringify(made.logged).includes(request_fingerprint), false, "never a whole fingerprint");
});

test("a broker that says it again and again is not believed twice", async (t) => {
  const made = await restored(t);
  await settle(made, conflict(record(made)));
  await claimed(made);
  await settle(
    made,
    conflict({
      broker_fingerprint_prefix: made.sent.request_fingerprint.slice(0, 16),
      broker_fingerprint_version: 2,
    }),
  );
  assert.deepEqual(
    [made.outbox.row(1)?.status, made.outbox.row(1)?.last_error?.code],
    ["dead", "id_committed_differently"],
  );
});

test("where nothing can be sealed to its destination now, the row ends as before and says what the broker holds", async (t) => {
  const made = await restored(t);
  made.sealer.readiness = () => ({ ready: false, reason: { code: "waits_for_key", message: "" }, forGood: false });
  await settle(made, conflict(record(made)));
  const row = made.outbox.row(1);
  assert.deepEqual([row?.status, row?.last_error?.broker_fingerprint_version], ["dead", 1]);
});

test("what a broker says of its record is kept only in its form", async (t) => {
  for (const [prefix, version] of [
    ["<script>", 1],
    ["A".repeat(16), 1],
    ["a".repeat(64), 1],
    [7, 1],
    ["a".repeat(16), "1"],
    ["a".repeat(16), 0],
    ["a".repeat(16), 1e300],
  ]) {
    const made = await restored(t);
    await settle(made, conflict({ broker_fingerprint_prefix: prefix, broker_fingerprint_version: version }));
    const error = made.outbox.row(1)?.last_error;
    assert.equal(error?.broker_fingerprint_prefix, prefix === "a".repeat(16) ? prefix : undefined);
    assert.equal(error?.broker_fingerprint_version, undefined);
  }
});

test("an id that turns out committed when it is voided is compared under the record's version too", async (t) => {
  const voided = async (made: Restored, fingerprint: string, version: number) => {
    const answer: VoidAnswer = {
      client_message_id: made.sent.client_message_id,
      status: "committed",
      record: {
        broker_message_id: "m1",
        history_id: 1,
        request_fingerprint: fingerprint,
        fingerprint_version: version,
        first_seen_at: "2026-01-01T00:00:00.000Z",
      },
    };
    await made.outbox.settleVoid([answer], made.clock.now());
    return made.outbox.row(1);
  };
  const sealedAgain = await restored(t);
  assert.equal((await voided(sealedAgain, sealedAgain.committed.request_fingerprint, 1))?.status, "done");
  assert.ok(
    sealedAgain.outbox.sentContent(sealedAgain.sent.client_message_id, sealedAgain.committed.request_fingerprint),
    "it is what this row sent",
  );
  const sameBytes = await restored(t);
  const under1 = envelopeFingerprint(sameBytes.sent, Buffer.from(sameBytes.sent.body, "base64url"), 1);
  assert.equal((await voided(sameBytes, under1.toString("hex"), 1))?.status, "done");
  const other = await restored(t);
  const row = await voided(other, "ab".repeat(32), 1);
  assert.deepEqual(
    [row?.status, row?.last_error?.broker_fingerprint_prefix, row?.last_error?.wire_fingerprint_version],
    ["dead", "ab".repeat(8), 2],
  );
  assert.equal(other.mismatches.length, 1);
  const unknown = await restored(t);
  assert.equal((await voided(unknown, "ab".repeat(32), 9))?.status, "dead");
});
