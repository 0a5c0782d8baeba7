import assert from "node:assert/strict";
import { test } from "node:test";
import type { Envelope } from "../../protocol/envelope.ts";
import { wireId } from "../../protocol/ids.ts";
import { isUuidV7 } from "../../protocol/ids.ts";
import { brokerFixture, type Fixture } from "../testing/fixture.ts";
import { envelopeOf, type Identity, type Peer } from "../testing/peer.ts";

async function pair(fixture: Fixture): Promise<{ alice: Identity; bob: Identity; link: Peer }> {
  const alice = await fixture.member("alice");
  const bob = await fixture.member("bob");
  return { alice, bob, link: await fixture.connect(alice) };
}

const codes = (answers: readonly { status: number }[]) =>
  answers.map((answer) => ("code" in answer ? `${answer.status} ${String(answer.code)}` : `${answer.status}`));

test("a sent message is accepted once: 201, then 200 with the same answer, and 409 for another request", async (context) => {
  const fixture = await brokerFixture(context);
  const { alice, bob, link } = await pair(fixture);
  const envelope = envelopeOf(fixture.meshId, alice, bob.memberId, "hello", {
    client_message_id: wireId(alice.memberId, "build-42"),
  });
  const [first] = await link.sendItems([envelope]);
  assert.ok(first?.status === 201 && "duplicate" in first && !first.duplicate);
  assert.ok(isUuidV7(first.broker_message_id));
  const [again] = await link.sendItems([envelope]);
  assert.ok(again?.status === 200 && "duplicate" in again && again.duplicate);
  assert.equal(again.broker_message_id, first.broker_message_id);
  assert.equal(again.history_id, first.history_id);
  assert.equal(again.history_available, true);
  const other = envelopeOf(fixture.meshId, alice, bob.memberId, "other", {
    client_message_id: envelope.client_message_id,
  });
  const [conflict] = await link.sendItems([other]);
  assert.ok(conflict?.status === 409 && "conflict" in conflict);
  assert.equal(conflict.conflict, "request_fingerprint_mismatch");
  assert.equal(conflict.broker_fingerprint_prefix, envelope.request_fingerprint.slice(0, 16));
  assert.equal(conflict.broker_message_id, first.broker_message_id);
});

test("a conflict with another sender's id tells nothing of it", async (context) => {
  const fixture = await brokerFixture(context);
  const { alice, bob, link } = await pair(fixture);
  const envelope = envelopeOf(fixture.meshId, alice, bob.memberId, "hello");
  await link.sendItems([envelope]);
  const bobLink = await fixture.connect(bob);
  const stolen = envelopeOf(fixture.meshId, bob, alice.memberId, "hello", {
    client_message_id: envelope.client_message_id,
  });
  const [answer] = await bobLink.sendItems([stolen]);
  assert.deepEqual(answer, {
    status: 409,
    client_message_id: envelope.client_message_id,
    code: "idempotency_key_reused",
    conflict: "request_fingerprint_mismatch",
  });
});

test("one bad item never fails its neighbours, and nothing refused leaves a record", async (context) => {
  const fixture = await brokerFixture(context);
  const { alice, bob, link } = await pair(fixture);
  const to = (text: string, fields = {}) => envelopeOf(fixture.meshId, alice, bob.memberId, text, fields);
  const lied = to("lied", { request_fingerprint: "0".repeat(64) });
  const items = [
    to("one"),
    { nonsense: true },
    lied,
    { ...to("x"), sender: bob.memberId },
    to("two"),
    to("squat", { client_message_id: wireId(bob.memberId, "build-42") }),
    to("big", { body: Buffer.alloc(65_537).toString("base64url") }),
    envelopeOf(fixture.meshId, alice, "#nowhere", "lost"),
    to("three"),
  ];
  const answers = await link.sendItems(items);
  assert.deepEqual(codes(answers), [
    "201",
    "400 invalid_envelope",
    "400 fingerprint_mismatch",
    "400 invalid_envelope",
    "201",
    "400 invalid_id",
    "413 body_too_large",
    "404 unknown_destination",
    "201",
  ]);
  const [now] = await link.sendItems([to("lied", { client_message_id: lied.client_message_id })]);
  assert.equal(now?.status, 201);
  const numbers = answers.flatMap((answer) => ("history_id" in answer ? [answer.history_id] : []));
  assert.deepEqual(numbers, [1, 2, 3]);
});

test("fifty sends of one id over several links of several frames make exactly one 201", async (context) => {
  const fixture = await brokerFixture(context);
  const alice = await fixture.member("alice");
  const bob = await fixture.member("bob");
  const link = await fixture.connect(alice);
  const envelope = envelopeOf(fixture.meshId, alice, bob.memberId, "once");
  const answers = await Promise.all(Array.from({ length: 50 }, () => link.sendItems([envelope])));
  const statuses = answers.flat().map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 201).length, 1);
  assert.equal(statuses.filter((status) => status === 200).length, 49);
  assert.equal(
    new Set(answers.flat().map((answer) => "broker_message_id" in answer && answer.broker_message_id)).size,
    1,
  );
});

test("fifty same-id sends that all miss B0 make exactly one 201: the record is looked up again under the lock", async (context) => {
  const fixture = await brokerFixture(context);
  const { alice, bob } = await pair(fixture);
  const { acceptBatch } = await import("./accept-batch.ts");
  const { createBehind } = await import("./behind.ts");
  const { createBrokerMetrics } = await import("../metrics.ts");
  const { createInProcessLimiter } = await import("../limit/in-process-limiter.ts");
  const { createSqliteStore } = await import("../store/sqlite/sqlite-store.ts");
  const { defaultBrokerLimits } = await import("../broker-limits.ts");
  const { loadDeploymentKey } = await import("../deployment-key.ts");
  const { silentLog } = await import("../../base/log.ts");
  const { join } = await import("node:path");
  await fixture.broker.stop();
  const key = loadDeploymentKey(join(fixture.dataDir, "deployment_key.json"), { isFirstStart: false, now: 0 });
  const store = createSqliteStore({
    path: join(fixture.dataDir, "broker.db"),
    clock: fixture.clock,
    log: silentLog,
    positionSecret: key.positionSecret,
    dedupe: { mode: "permanent", retentionDays: 0 },
  });
  await store.start();
  context.after(() => store.stop());
  const { link_epoch } = await store.raiseLinkEpoch(fixture.meshId, alice.memberId, { instance_id: "i", now: 0 });
  const { checkItem } = await import("./check-item.ts");
  const { everyFingerprint } = await import("./fingerprint-policy.ts");
  const envelope = envelopeOf(fixture.meshId, alice, bob.memberId, "once");
  const statuses: number[] = [];
  let committed = 0;
  const link = {
    meshId: fixture.meshId,
    memberId: alice.memberId,
    linkEpoch: link_epoch,
    inlineBytes: 65_536,
    behind: createBehind(10),
    direct: null,
    overrun() {},
  };
  const metrics = createBrokerMetrics();
  const limiter = createInProcessLimiter(
    defaultBrokerLimits,
    () => 0,
    () => undefined,
  );
  const unknown = Promise.resolve(new Map());
  await Promise.all(
    Array.from({ length: 50 }, () =>
      acceptBatch(
        fixture.meshId,
        [
          {
            ...checkItem(envelope, link),
            link,
            destination: "dm:x",
            settle: ({ status }) => void statuses.push(status),
          },
        ],
        unknown,
        {
          store,
          limiter,
          clock: fixture.clock,
          log: silentLog,
          metrics,
          fingerprints: everyFingerprint,
          mismatched() {},
          chainOf: async () => null,
          committed: () => {
            committed += 1;
          },
          uncertain() {},
          fatal() {},
        },
      ),
    ),
  );
  assert.equal(committed, 1);
  assert.deepEqual(statuses.toSorted(), [...Array(49).fill(200), 201]);
});

test("a known id is answered while the limiter is saturated, and takes no budget", async (context) => {
  const fixture = await brokerFixture(context, {
    limits: { memberRate: 1, memberBurst: 2, meshRate: 100, meshBurst: 100 },
  });
  const { alice, bob, link } = await pair(fixture);
  const make = (text: string) => envelopeOf(fixture.meshId, alice, bob.memberId, text);
  const known = make("known");
  assert.equal((await link.sendItems([known]))[0]?.status, 201);
  for (let retry = 0; retry < 20; retry += 1) assert.equal((await link.sendItems([known]))[0]?.status, 200);
  // Twenty retries took nothing: the second of the burst of two is still there, and then no more.
  assert.equal((await link.sendItems([make("second")]))[0]?.status, 201);
  const third = make("third");
  const [limited] = await link.sendItems([third]);
  assert.ok(limited?.status === 429 && "retry_after_ms" in limited && limited.retry_after_ms === 1_000);
  assert.equal((await link.sendItems([known]))[0]?.status, 200);
  const [mismatch] = await link.sendItems([
    envelopeOf(fixture.meshId, alice, bob.memberId, "x", { client_message_id: known.client_message_id }),
  ]);
  assert.equal(mismatch?.status, 409);
  fixture.clock.advance(1_000);
  assert.equal((await link.sendItems([third]))[0]?.status, 201);
  assert.equal(await fixture.metric(`cm_broker_rate_limit_rejection_total{mesh="${fixture.meshId}"}`), 1);
  assert.equal(await fixture.metric('cm_broker_dedupe_hit_total{phase="b0"}'), 22);
});

test("after a refusal that may be retried, later messages to that destination wait until it is sent again", async (context) => {
  const fixture = await brokerFixture(context, {
    limits: { memberRate: 1, memberBurst: 1, meshRate: 100, meshBurst: 100 },
  });
  const { alice, bob, link } = await pair(fixture);
  const carol = await fixture.member("carol");
  const make = (to: Identity, text: string) => envelopeOf(fixture.meshId, alice, to.memberId, text);
  const [first, second, third] = [make(bob, "1"), make(bob, "2"), make(bob, "3")];
  assert.deepEqual(codes(await link.sendItems([first, second, third])), ["201", "429 rate_limited", "503 behind"]);
  fixture.clock.advance(60_000);
  // There is budget again, but 3 must not overtake 2; other destinations and known ids are not held up.
  assert.deepEqual(codes(await link.sendItems([third, first, make(carol, "c")])), ["503 behind", "200", "201"]);
  fixture.clock.advance(60_000);
  assert.deepEqual(codes(await link.sendItems([second])), ["201"]);
  fixture.clock.advance(60_000);
  assert.deepEqual(codes(await link.sendItems([third])), ["201"]);
});

test("voiding the held message releases its destination", async (context) => {
  const fixture = await brokerFixture(context, {
    limits: { memberRate: 1, memberBurst: 1, meshRate: 100, meshBurst: 100 },
  });
  const { alice, bob, link } = await pair(fixture);
  const [first, second, third] = ["1", "2", "3"].map((text) => envelopeOf(fixture.meshId, alice, bob.memberId, text));
  await link.sendItems([first, second, third]);
  fixture.clock.advance(60_000);
  assert.deepEqual(await link.voidIds([second?.client_message_id ?? ""]), [
    { client_message_id: second?.client_message_id, status: "void" },
  ]);
  assert.deepEqual(codes(await link.sendItems([third])), ["201"]);
});

test("a voided id is never committed, and a committed one cannot be voided", async (context) => {
  const fixture = await brokerFixture(context);
  const { alice, bob, link } = await pair(fixture);
  const [voided, committed] = ["v", "c"].map((text) => envelopeOf(fixture.meshId, alice, bob.memberId, text));
  const [sent] = await link.sendItems([committed]);
  const answers = await link.voidIds([voided?.client_message_id ?? "", committed?.client_message_id ?? ""]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    ["void", "committed"],
  );
  assert.ok(answers[1]?.status === "committed" && sent?.status === 201 && "broker_message_id" in sent);
  assert.equal(answers[1].record.broker_message_id, sent.broker_message_id);
  assert.deepEqual(codes(await link.sendItems([voided])), ["410 id_void"]);
});

test("only own ids can be voided", async (context) => {
  const fixture = await brokerFixture(context);
  const { bob, link } = await pair(fixture);
  link.send({ type: "void", id: 77, items: [wireId(bob.memberId, "build-42")] });
  const error = await link.next(
    (frame): frame is Extract<typeof frame, { type: "error" }> => frame.type === "error" && frame.id === 77,
  );
  assert.equal(error.code, "invalid_id");
});

test("one id twice in a frame is committed once", async (context) => {
  const fixture = await brokerFixture(context);
  const { alice, bob, link } = await pair(fixture);
  const envelope = envelopeOf(fixture.meshId, alice, bob.memberId, "twice");
  assert.deepEqual(
    codes(await link.sendItems([envelope, envelope, envelopeOf(fixture.meshId, alice, bob.memberId, "after")])),
    ["201", "200", "201"],
  );
});

test("a retry that waits behind the batch of its own id is looked up after that has committed, and pays nothing", async (context) => {
  const limits = { acceptBatchMax: 2, memberRate: 1, memberBurst: 3 };
  const fixture = await brokerFixture(context, { limits });
  const { alice, bob, link } = await pair(fixture);
  const [one, two, three] = ["one", "two", "three"].map((text) =>
    envelopeOf(fixture.meshId, alice, bob.memberId, text),
  );
  // Two full batches at once; the clock stands still, so the budget is for three.
  const sent = [
    [one, two],
    [one, three],
  ].map((items) => link.sendItems(items as Envelope[]));
  assert.deepEqual((await Promise.all(sent)).map(codes), [
    ["201", "201"],
    ["200", "201"],
  ]);
});

test("an accept queue beyond its limit stops reading and refuses nothing", async (context) => {
  const fixture = await brokerFixture(context, { limits: { acceptQueueMax: 4, acceptBatchMax: 2 } });
  const { alice, bob, link } = await pair(fixture);
  const frames = Array.from({ length: 30 }, (_, index) =>
    link.sendItems([envelopeOf(fixture.meshId, alice, bob.memberId, `m${index}`)]),
  );
  const statuses = (await Promise.all(frames)).flat().map(({ status }) => status);
  assert.deepEqual(statuses, Array(30).fill(201));
});
