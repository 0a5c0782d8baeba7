import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../protocol/limits.ts";
import { brokerFixture, type Fixture } from "../testing/fixture.ts";
import { envelopeOf, type Identity, isType, type Peer } from "../testing/peer.ts";

const leaseMs = 10_000;

/** A broker with the queue `work`, made by alice. */
async function withQueue(context: Parameters<typeof brokerFixture>[0], options = {}) {
  const fixture = await brokerFixture(context, options);
  const alice = await fixture.member("alice");
  const sender = await fixture.connect(alice);
  await create(sender);
  return { fixture, alice, sender };
}

const create = (peer: Peer, deliveries_max: number = limits.queueDeliveries) =>
  peer.request<"queue_create">({ type: "queue_create", name: "work", deliveries_max });

async function consumer(fixture: Fixture, name: string): Promise<Peer & { identity: Identity }> {
  const identity = await fixture.member(name);
  return { ...(await fixture.connect(identity)), identity };
}

async function send(fixture: Fixture, peer: Peer, from: Identity, texts: readonly string[]): Promise<void> {
  const answers = await peer.sendItems(texts.map((text) => envelopeOf(fixture.meshId, from, "queue:work", text)));
  assert.ok(answers.every(({ status }) => status === 201));
}

async function claim(peer: Peer, options: { limit?: number; wait_ms?: number; queue?: string } = {}) {
  const asked = { type: "claim" as const, queue: "work", limit: 1, lease_ms: leaseMs, wait_ms: 0, ...options };
  const { messages } = await peer.request<"claim">(asked);
  return messages.map(({ item, ...lease }) => ({
    ...lease,
    text: Buffer.from(item.envelope?.body ?? "", "base64url").toString(),
  }));
}

const textsOf = (claimed: readonly { text: string }[]): string[] => claimed.map(({ text }) => text);
const leaseOf = (claimed: readonly { lease_id: string }[]): string => claimed[0]?.lease_id ?? assert.fail("nothing");

const ack = (peer: Peer, lease_id: string) => peer.request<"ack">({ type: "ack", queue: "work", lease_id });
const nack = (peer: Peer, lease_id: string, delay_ms = 0) =>
  peer.request<"nack">({ type: "nack", queue: "work", lease_id, delay_ms, reason: "not now" });

/** Resolves when everything that was sent on the link before has been handled. */
const settled = (peer: Peer) => peer.request<"topics">({ type: "topics" });

test("of several consumers on several links each gets other messages, and together they get all of them once", async (context) => {
  const { fixture, alice, sender } = await withQueue(context);
  const consumers = [await consumer(fixture, "bob"), await consumer(fixture, "carol"), await consumer(fixture, "dave")];
  const sent = Array.from({ length: 60 }, (_, n) => `job ${n}`);
  await send(fixture, sender, alice, sent);
  const got: string[] = [];
  await Promise.all(
    consumers.map(async (peer) => {
      for (
        let claimed = await claim(peer, { limit: 4 });
        claimed.length > 0;
        claimed = await claim(peer, { limit: 4 })
      ) {
        for (const { lease_id } of claimed) await ack(peer, lease_id);
        got.push(...textsOf(claimed));
      }
    }),
  );
  assert.deepEqual([...got].sort(), [...sent].sort());
  assert.equal(await fixture.metric(`cm_broker_queue_acks_total{mesh="${fixture.meshId}"}`), 60);
  assert.equal(await fixture.metric(`cm_broker_queue_deliveries_total{mesh="${fixture.meshId}"}`), 60);
});

test("claims that wait are answered in the order in which they came, each as soon as there is a message", async (context) => {
  const { fixture, alice, sender } = await withQueue(context);
  const [bob, carol] = [await consumer(fixture, "bob"), await consumer(fixture, "carol")];
  const first = claim(bob, { wait_ms: 30_000 });
  await settled(bob);
  const second = claim(carol, { wait_ms: 30_000 });
  await settled(carol);
  await send(fixture, sender, alice, ["one", "two"]);
  assert.deepEqual([textsOf(await first), textsOf(await second)], [["one"], ["two"]]);
});

test("a claim that waits ends with nothing when its time is over, and not before", async (context) => {
  const { fixture } = await withQueue(context);
  const bob = await consumer(fixture, "bob");
  let ended = false;
  const waiting = claim(bob, { wait_ms: 12_000 }).finally(() => {
    ended = true;
  });
  await settled(bob);
  for (const ms of [5_000, 5_000, 1_999]) {
    fixture.clock.advance(ms);
    await settled(bob);
  }
  assert.equal(ended, false);
  fixture.clock.advance(1);
  assert.deepEqual(await waiting, []);
});

test("a claim that waits gets what another consumer held, once the lease or the delay is over", async (context) => {
  const { fixture, alice, sender } = await withQueue(context);
  const [bob, carol] = [await consumer(fixture, "bob"), await consumer(fixture, "carol")];
  await send(fixture, sender, alice, ["one"]);
  const lease = leaseOf(await claim(bob));
  const waiting = claim(carol, { wait_ms: 30_000 });
  await settled(carol);
  fixture.clock.advance(leaseMs - 1);
  await settled(carol);
  fixture.clock.advance(1);
  const [again] = await waiting;
  assert.deepEqual([again?.text, again?.deliveries], ["one", 2]);
  await assert.rejects(ack(bob, lease), /lease_lost/);
  const third = claim(bob, { wait_ms: 30_000 });
  await settled(bob);
  await nack(carol, again?.lease_id ?? "", 3_000);
  await settled(bob);
  fixture.clock.advance(3_000);
  assert.deepEqual(textsOf(await third), ["one"]);
});

test("what a broker is not told of is found by looking again", async (context) => {
  const { fixture, alice, sender } = await withQueue(context);
  const bob = await consumer(fixture, "bob");
  await send(fixture, sender, alice, ["one"]);
  const lease = leaseOf(await claim(bob));
  const waiting = claim(bob, { wait_ms: 30_000 });
  await settled(bob);
  // As another broker on the same store would.
  fixture.plant(`UPDATE delivery_queue SET state = 'ready', available_at = 0, lease_id = NULL`);
  fixture.clock.advance(5_000);
  assert.deepEqual(textsOf(await waiting), ["one"]);
  await assert.rejects(ack(bob, lease), /lease_lost/);
});

test("a lost link gives nothing back early: the lease goes on, also on the member's next link", async (context) => {
  const { fixture, alice, sender } = await withQueue(context);
  const bob = await consumer(fixture, "bob");
  const carol = await consumer(fixture, "carol");
  await send(fixture, sender, alice, ["one", "two"]);
  const [one, two] = await claim(bob, { limit: 2 });
  await bob.close();
  assert.deepEqual(await claim(carol), []);
  const again = await fixture.connect(bob.identity);
  await ack(again, one?.lease_id ?? "");
  fixture.clock.advance(leaseMs);
  assert.deepEqual(textsOf(await claim(carol, { limit: 9 })), ["two"]);
  await assert.rejects(ack(again, two?.lease_id ?? ""), /lease_lost/);
});

test("nothing is handed to a link that has gone while its claim waited", async (context) => {
  const { fixture, alice, sender } = await withQueue(context);
  const bob = await consumer(fixture, "bob");
  const carol = await consumer(fixture, "carol");
  claim(bob, { wait_ms: 30_000 }).catch(() => undefined);
  await settled(bob);
  await bob.close();
  const waiting = claim(carol, { wait_ms: 30_000 });
  await settled(carol);
  while ((await fixture.metric("cm_broker_links")) > 2);
  await send(fixture, sender, alice, ["one"]);
  const [got] = await waiting;
  assert.deepEqual([got?.text, got?.deliveries], ["one", 1]);
});

test("a claim that nobody waits for any more is answered at once, with nothing, and takes no message", async (context) => {
  const { fixture, alice, sender } = await withQueue(context);
  const bob = await consumer(fixture, "bob");
  const waiting = { type: "claim", queue: "work", limit: 1, lease_ms: leaseMs, wait_ms: 30_000 };
  bob.send({ ...waiting, id: 1_001 });
  bob.send({ ...waiting, id: 1_002 });
  bob.send({ type: "claim_cancel", claim: 1_001 });
  bob.send({ type: "claim_cancel", claim: 9_999 });
  const answerTo = (id: number) => bob.next((frame): frame is never => frame.type === "reply" && frame.id === id);
  assert.deepEqual((await answerTo(1_001))["result"], { messages: [] });
  await send(fixture, sender, alice, ["one"]);
  const { result } = (await answerTo(1_002)) as { result: { messages: { deliveries: number }[] } };
  assert.deepEqual(
    result.messages.map(({ deliveries }) => deliveries),
    [1],
  );
});

test("a broker that restarts gives nothing back early", async (context) => {
  const { fixture, alice, sender } = await withQueue(context);
  const bob = await consumer(fixture, "bob");
  await send(fixture, sender, alice, ["one"]);
  const lease = leaseOf(await claim(bob));
  await fixture.restart();
  const again = await fixture.connect(bob.identity);
  assert.deepEqual(await claim(again), []);
  await ack(again, lease);
  await ack(again, lease);
  fixture.clock.advance(leaseMs);
  assert.deepEqual(await claim(again), []);
});

test("after its last delivery a message is a dead letter: visible, counted, and ready again when asked for", async (context) => {
  const fixture = await brokerFixture(context);
  const alice = await fixture.member("alice");
  const sender = await fixture.connect(alice);
  await create(sender, 2);
  const bob = await consumer(fixture, "bob");
  await send(fixture, sender, alice, ["one", "two"]);
  for (let round = 0; round < 2; round += 1)
    for (const { lease_id } of await claim(bob, { limit: 2 })) await nack(bob, lease_id);
  assert.deepEqual(await claim(bob), []);
  const page = (after_seq: number, limit: number) =>
    bob.request<"queue_dead">({ type: "queue_dead", queue: "work", after_seq, limit });
  const { messages, next_after_seq } = await page(0, 1);
  assert.deepEqual([messages.length, next_after_seq], [1, messages[0]?.item.seq]);
  const last = await page(Number(next_after_seq), 1);
  assert.deepEqual([last.messages.length, last.next_after_seq], [1, null], "a full page may be the last one");
  assert.equal((await page(0, 9)).next_after_seq, null);
  const [dead] = messages;
  assert.deepEqual([dead?.deliveries, dead?.reason, dead?.claimed_by], [2, "not now", bob.identity.memberId]);
  const gauge = (state: string) =>
    fixture.metric(`cm_broker_queue_messages{mesh="${fixture.meshId}",queue="work",state="${state}"}`);
  assert.deepEqual([await gauge("dead"), await gauge("ready")], [2, 0]);
  assert.equal(await fixture.metric(`cm_broker_queue_dead_letters_total{mesh="${fixture.meshId}"}`), 2);
  const waiting = claim(sender, { wait_ms: 30_000 });
  await settled(sender);
  const requeue = (seqs: number[] | null) =>
    bob.request<"queue_requeue">({ type: "queue_requeue", queue: "work", seqs });
  assert.deepEqual(await requeue([dead?.item.seq ?? 0]), { requeued: 1 });
  assert.deepEqual(textsOf(await waiting), ["one"]);
  assert.deepEqual(await requeue(null), { requeued: 1 });
  assert.deepEqual([await gauge("dead"), await gauge("ready"), await gauge("leased")], [0, 1, 1]);
});

test("an answer holds no more than a frame takes, and a message at least", async (context) => {
  const frameBytesMax = 100_000;
  const { fixture, alice, sender } = await withQueue(context, { limits: { frameBytesMax } });
  const bob = await consumer(fixture, "bob");
  for (let n = 0; n < 5; n += 1) await send(fixture, sender, alice, [String(n).repeat(40_000)]);
  const got: string[] = [];
  for (let claimed = await claim(bob, { limit: 64 }); claimed.length > 0; claimed = await claim(bob, { limit: 64 }))
    got.push(...textsOf(claimed));
  assert.deepEqual(
    got.map((text) => text[0]),
    ["0", "1", "2", "3", "4"],
  );
  for (const frame of bob.frames) assert.ok(JSON.stringify(frame).length <= frameBytesMax);
});

test("a queue is deleted by who made it, an owner or an admin; who waits, and whose message is given up, hears of it", async (context) => {
  const { fixture, alice, sender } = await withQueue(context);
  const bob = await consumer(fixture, "bob");
  const remove = (peer: Peer, force: boolean) =>
    peer.request<"queue_delete">({ type: "queue_delete", queue: "work", force });
  const created = bob.next(
    (frame): frame is never => frame.type === "event" && frame.event === "queue_created" && frame.queue === "other",
  );
  await sender.request<"queue_create">({ type: "queue_create", name: "Other", deliveries_max: 1 });
  await created;
  await assert.rejects(remove(bob, true), /not_allowed/);
  const sent = envelopeOf(fixture.meshId, bob.identity, "queue:work", "never done");
  await bob.sendItems([sent]);
  await assert.rejects(remove(sender, false), /queue_not_empty/);
  await claim(sender);
  const waiting = claim(sender, { wait_ms: 30_000 });
  await settled(sender);
  const gone = bob.next((frame): frame is never => frame.type === "event" && frame.event === "queue_deleted");
  await Promise.all([remove(sender, true), assert.rejects(waiting, /unknown_destination/), gone]);
  const { items } = await bob.next(isType("notices"));
  const [told] = items;
  assert.ok(told?.kind === "expired" && told.client_message_id === sent.client_message_id);
  assert.match(told.reason, /queue was deleted/);
  await assert.rejects(claim(bob), /unknown_destination/);
  const [refused] = await bob.sendItems([envelopeOf(fixture.meshId, alice, "queue:work", "x")]);
  assert.notEqual(refused?.status, 201);
  const { queues } = await bob.request<"queues">({ type: "queues", queue: null, counts: true });
  assert.deepEqual(
    queues.map(({ name, deliveries_max, counts }) => [name, deliveries_max, counts]),
    [["other", 1, { ready: 0, delayed: 0, leased: 0, dead: 0 }]],
  );
  await assert.rejects(bob.request<"queues">({ type: "queues", queue: "work", counts: false }), /unknown_destination/);
});

test("a queue is made under what is a name, once", async (context) => {
  const { fixture } = await withQueue(context);
  const bob = await consumer(fixture, "bob");
  await assert.rejects(create(bob), /already_exists/);
  for (const name of ["$(id)", "--file", "a b", "a\nb", "../x"]) {
    const made = bob.request<"queue_create">({ type: "queue_create", name, deliveries_max: 5 });
    await assert.rejects(made, /invalid_destination/, name);
  }
});

test("more claims of one link than may wait are refused, and the others go on waiting", async (context) => {
  const { fixture, alice, sender } = await withQueue(context, { limits: { linkClaimsWaitingMax: 2 } });
  const bob = await consumer(fixture, "bob");
  const waiting = [claim(bob, { wait_ms: 30_000 }), claim(bob, { wait_ms: 30_000 })];
  await settled(bob);
  await assert.rejects(claim(bob, { wait_ms: 30_000 }), /rate_limited/);
  await send(fixture, sender, alice, ["one", "two"]);
  assert.deepEqual((await Promise.all(waiting)).map(textsOf), [["one"], ["two"]]);
  assert.deepEqual(await claim(bob), []);
});
