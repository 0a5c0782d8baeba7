import assert from "node:assert/strict";
import { it, type TestContext } from "node:test";
import { limits } from "../../protocol/limits.ts";
import { type Identity, newIdentity } from "../testing/peer.ts";
import type { ClaimedMessage } from "./queue-store.ts";
import { accepted, type Bench, idsOf, item, kinds, type On, revoke } from "./store-bench.fixture.ts";

const minute = 60_000;

/** The suite's part on work queues; leases in any order of events are store-suite-lease-model.fixture.ts. */
export function queues(on: On): void {
  /** A bench with the queue `work`. */
  const open = async (t: TestContext): Promise<Bench> => {
    const under = await on(t);
    await create(under, "work");
    return under;
  };

  it("accepts for a queue that exists, and hands each message to one claim, in the order of acceptance", async (t) => {
    const under = await open(t);
    const { store, meshId, alice, bob } = under;
    const [refused] = await store.accept(meshId, [item(meshId, alice, "queue:other")], 10);
    assert.equal(refused?.kind === "refused" && refused.code, "unknown_destination");
    const [outcome] = await store.accept(meshId, [item(meshId, alice, "queue:work", { text: "one" })], 10);
    assert.deepEqual(accepted(outcome).destination, { kind: "queue", name: "work" });
    await send(under, 2);
    const first = await claim(under, bob, 20, { limit: 2 });
    assert.deepEqual(seqs(first), [1, 2]);
    assert.deepEqual(seqs(await claim(under, alice, 20)), [3]);
    assert.deepEqual(await claim(under, bob, 20), []);
    const [one] = first;
    assert.equal(Buffer.from(one?.message.envelope.body ?? "", "base64url").toString(), "one");
    assert.deepEqual([one?.deliveries, one?.lease_until, one?.message.destination], [1, 20 + minute, "queue:work"]);
    assert.deepEqual(await counts(under, 20), { ready: 0, delayed: 0, leased: 3, dead: 0 });
  });

  it("takes of a batch what a queue has, and leaves no row for what it refused", async (t) => {
    const under = await open(t);
    const { store, meshId, alice, bob } = under;
    const batch = [item(meshId, alice, "queue:work"), item(meshId, alice, "queue:none"), item(meshId, alice, bob)];
    assert.deepEqual(kinds(await store.accept(meshId, batch, 10)), ["accepted", "refused", "accepted"]);
    assert.deepEqual(kinds(await store.accept(meshId, batch.slice(0, 1), 11)), ["duplicate"]);
    assert.deepEqual(await counts(under, 20), { ready: 1, delayed: 0, leased: 0, dead: 0 });
    assert.deepEqual((await store.checkConsistency(meshId, 0, 100)).findings, []);
  });

  it("takes no message that nobody has sealed into a queue that is not open for it", async (t) => {
    const under = await open(t);
    const { store, meshId, alice } = under;
    const unsealed = { ...item(meshId, alice, "queue:work"), linkEpoch: null, unsealed: true };
    const [outcome] = await store.accept(meshId, [unsealed], 10);
    assert.equal(outcome?.kind === "refused" && outcome.code, "unsealed_body");
    assert.deepEqual(await counts(under, 20), { ready: 0, delayed: 0, leased: 0, dead: 0 });
  });

  it("takes an acknowledgement while the lease lasts, the same one again, and none once it is over", async (t) => {
    const under = await open(t);
    const { store, meshId, bob } = under;
    await send(under, 2);
    const [one, two] = await claim(under, bob, 10, { limit: 2 });
    assert.deepEqual(await store.ack(meshId, bob.memberId, "work", leaseOf(one), 9 + minute), { seq: 1 });
    assert.deepEqual(await store.ack(meshId, bob.memberId, "work", leaseOf(one), 99 * minute), { seq: 1 });
    await assert.rejects(store.ack(meshId, bob.memberId, "work", leaseOf(two), 10 + minute), { code: "lease_lost" });
    const again = await claim(under, bob, 10 + minute);
    assert.deepEqual([seqs(again), again[0]?.deliveries], [[2], 2]);
    await assert.rejects(store.ack(meshId, bob.memberId, "work", leaseOf(two), 11 + minute), { code: "lease_lost" });
    await store.ack(meshId, bob.memberId, "work", leaseOf(again[0]), 11 + minute);
    assert.deepEqual(await counts(under, 99 * minute), { ready: 0, delayed: 0, leased: 0, dead: 0 });
  });

  it("knows a lease by its id and its member: another's, another queue's and what was made up are lost", async (t) => {
    const under = await open(t);
    const { store, meshId, alice, bob } = under;
    await create(under, "other");
    await send(under, 1);
    const lease = leaseOf((await claim(under, bob, 10))[0]);
    const lost = { code: "lease_lost" };
    await assert.rejects(store.ack(meshId, alice.memberId, "work", lease, 11), lost);
    await assert.rejects(store.ack(meshId, bob.memberId, "other", lease, 11), lost);
    for (const made of ["", "1", "1-", `1-${"A".repeat(22)}`, `${lease}x`, lease.replace(/^1/, "2"), "x".repeat(9_999)])
      for (const use of [
        () => store.ack(meshId, bob.memberId, "work", made, 11),
        () => store.nack(meshId, bob.memberId, "work", made, { delayMs: 0, reason: null, now: 11 }),
        () => store.extend(meshId, bob.memberId, "work", made, { leaseMs: minute, now: 11 }),
      ])
        await assert.rejects(use(), lost, made);
    await assert.rejects(store.ack(meshId, bob.memberId, "none", lease, 11), { code: "unknown_destination" });
    await revoke(store, meshId, bob.memberId, 12);
    await assert.rejects(store.ack(meshId, bob.memberId, "work", lease, 12), { code: "not_a_member" });
    await assert.rejects(claim(under, bob, 12), { code: "not_a_member" });
    assert.deepEqual(seqs(await claim(under, alice, 10 + minute)), [1], "what a revoked member held comes to others");
  });

  it("gives a message back after its delay, behind nothing and before what came later", async (t) => {
    const under = await open(t);
    const { store, meshId, bob } = under;
    await send(under, 2);
    const [one] = await claim(under, bob, 10, { limit: 1 });
    const nacked = await store.nack(meshId, bob.memberId, "work", leaseOf(one), {
      delayMs: 500,
      reason: "busy",
      now: 20,
    });
    assert.deepEqual(nacked, { seq: 1, state: "ready", available_at: 520 });
    assert.deepEqual(await counts(under, 519), { ready: 1, delayed: 1, leased: 0, dead: 0 });
    assert.deepEqual(seqs(await claim(under, bob, 520, { limit: 1 })), [1]);
    assert.deepEqual(seqs(await claim(under, bob, 520)), [2]);
  });

  it("says when to look again: at the end of a lease, or of a delay, whichever is first", async (t) => {
    const under = await open(t);
    const { store, meshId, bob } = under;
    const next = async (now: number) => {
      const options = { limit: 1, limitBytes: 1, leaseMs: minute, now };
      return (await store.claim(meshId, bob.memberId, "work", options)).nextAt;
    };
    assert.equal(await next(5), null);
    await send(under, 2);
    const [one] = await claim(under, bob, 10, { limit: 2 });
    assert.equal(await next(20), 10 + minute);
    await store.nack(meshId, bob.memberId, "work", leaseOf(one), { delayMs: 100, reason: null, now: 20 });
    assert.equal(await next(21), 120);
    assert.equal(await next(120), null, "it got the one that was due");
  });

  it("extends a lease, never makes it shorter, and not once it is over", async (t) => {
    const under = await open(t);
    const { store, meshId, bob } = under;
    await send(under, 1);
    const lease = leaseOf((await claim(under, bob, 10))[0]);
    const extend = (leaseMs: number, now: number) =>
      store.extend(meshId, bob.memberId, "work", lease, { leaseMs, now });
    assert.deepEqual(await extend(5 * minute, 20), { seq: 1, lease_until: 20 + 5 * minute });
    assert.deepEqual(await extend(1, 30), { seq: 1, lease_until: 20 + 5 * minute });
    assert.deepEqual(await claim(under, bob, 19 + 5 * minute), []);
    await assert.rejects(extend(minute, 20 + 5 * minute), { code: "lease_lost" });
    assert.equal((await claim(under, bob, 20 + 5 * minute)).length, 1);
  });

  it("makes a dead letter of what was delivered as often as the queue allows, with the last consumer's word", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob } = under;
    await create(under, "work", 2);
    await send(under, 2);
    const nack = (lease: string, now: number) =>
      store.nack(meshId, bob.memberId, "work", lease, { delayMs: 0, reason: "no such host", now });
    const [first] = await claim(under, bob, 10, { limit: 1 });
    assert.equal((await nack(leaseOf(first), 11)).state, "ready");
    const [second, other] = await claim(under, bob, 12, { limit: 2 });
    assert.equal((await nack(leaseOf(second), 13)).state, "dead");
    await assert.rejects(nack(leaseOf(second), 14), { code: "lease_lost" });
    assert.equal(other?.deliveries, 1);
    const late = 12 + minute;
    assert.equal((await claim(under, alice, late)).length, 1);
    assert.deepEqual(await counts(under, late + minute), { ready: 0, delayed: 0, leased: 0, dead: 2 });
    const found = { limit: 9, limitBytes: 9, leaseMs: minute, now: late + minute };
    assert.deepEqual(await dead(under, late + minute), await dead(under, late + 2 * minute), "before it is noticed");
    assert.deepEqual(await store.claim(meshId, bob.memberId, "work", found), { messages: [], dead: 1, nextAt: null });
    assert.deepEqual(await dead(under, late + minute), [
      { seq: 1, deliveries: 2, reason: "no such host", died_at: 13, claimed_by: bob.memberId },
      { seq: 2, deliveries: 2, reason: "the lease ran out", died_at: late + minute, claimed_by: alice.memberId },
    ]);
    const page = { afterSeq: 1, limit: 9, limitBytes: 1, now: late + minute };
    assert.deepEqual(
      (await store.deadLetters(meshId, "work", page)).map(({ message }) => message.seq),
      [2],
    );
  });

  it("makes dead letters ready again with all their deliveries, those that are named or all in parts", async (t) => {
    const under = await on(t);
    const { store, meshId, bob } = under;
    await create(under, "work", 1);
    await send(under, 5);
    await claim(under, bob, 10, { limit: 5 });
    const later = 10 + minute;
    const requeue = (seqsMeant: number[] | null, limit: number) =>
      store.requeueDead(meshId, "work", { seqs: seqsMeant, limit, now: later });
    assert.equal(await requeue([2, 3, 77], 9), 2);
    assert.equal(await requeue([2], 9), 0, "it is ready already");
    assert.deepEqual([await requeue(null, 2), await requeue(null, 2), await requeue(null, 2)], [2, 1, 0]);
    const again = await claim(under, bob, later, { limit: 9 });
    assert.deepEqual([seqs(again), again[0]?.deliveries], [[1, 2, 3, 4, 5], 1]);
    assert.deepEqual(await dead(under, later), []);
  });

  it("answers within a number of bytes, with one message at least", async (t) => {
    const under = await open(t);
    const { store, meshId, alice, bob } = under;
    for (let n = 0; n < 4; n += 1)
      await store.accept(meshId, [item(meshId, alice, "queue:work", { text: "x".repeat(30_000) })], 10);
    assert.equal((await claim(under, bob, 20, { limitBytes: 1 })).length, 1);
    assert.equal((await claim(under, bob, 20, { limitBytes: 90_000 })).length, 2);
    assert.equal((await claim(under, bob, 20, { limitBytes: 90_000 })).length, 1);
    const late = 20 + minute;
    for (let n = 0; n < 4; n += 1) await claim(under, bob, late + n * minute, { limit: 4 });
    const page = { afterSeq: 0, limit: 9, limitBytes: 90_000, now: late + 9 * minute };
    assert.equal((await store.deadLetters(meshId, "work", page)).length, 2);
  });

  it("gives a name once and bounds the queues of a mesh", async (t) => {
    const under = await open(t);
    const { store, meshId, bob } = under;
    await assert.rejects(create(under, "work"), { code: "already_exists" });
    await assert.rejects(
      store.createQueue({
        mesh_id: meshId,
        name: "x",
        created_by: newIdentity().memberId,
        deliveries_max: 5,
        now: 1,
      }),
      { code: "not_a_member" },
    );
    for (let n = 1; n < limits.queuesMax; n += 1) await create(under, `q${n}`);
    await assert.rejects(create(under, "one-more"), { code: "too_many_queues" });
    assert.equal((await store.queues(meshId)).length, limits.queuesMax);
    assert.equal((await store.queueByName(meshId, "work"))?.created_by, under.alice.memberId);
    assert.equal(await store.queueByName(meshId, "none"), null);
    await assert.rejects(claim(under, bob, 1, { queue: "none" }), { code: "unknown_destination" });
  });

  it("does not lose a queue that holds messages, dead ones included, unless that is forced; then senders are told", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob } = under;
    await create(under, "work", 1);
    const sent = Array.from({ length: 4 }, () => item(meshId, alice, "queue:work"));
    await store.accept(meshId, sent, 10);
    const [done, died] = await claim(under, bob, 20, { limit: 2 });
    await store.ack(meshId, bob.memberId, "work", leaseOf(done), 21);
    await store.nack(meshId, bob.memberId, "work", leaseOf(died), { delayMs: 0, reason: null, now: 21 });
    const [leased] = await claim(under, bob, 22, { limit: 1 });
    const remove = (force: boolean, limit = 100) => store.deleteQueue(meshId, "work", { force, limit, now: 30 });
    await assert.rejects(remove(false), { code: "queue_not_empty" });
    assert.deepEqual((await remove(true, 2)).done, false);
    assert.deepEqual((await store.checkConsistency(meshId, 0, 100)).findings, [], "half deleted it is whole");
    assert.equal((await remove(true, 2)).done, false);
    assert.deepEqual(await remove(true, 2), { notices: [], done: true });
    const told = await store.takeNotices(meshId, alice.memberId, 10);
    assert.deepEqual(
      told.map(({ kind, client_message_id, destination }) => [kind, client_message_id, destination]),
      idsOf(sent.slice(1)).map((id) => ["expired", id, "queue:work"]),
    );
    await assert.rejects(store.ack(meshId, bob.memberId, "work", leaseOf(leased), 31), { code: "unknown_destination" });
    await create(under, "work");
    assert.deepEqual(await counts(under, 40), { ready: 0, delayed: 0, leased: 0, dead: 0 });
    await assert.rejects(store.ack(meshId, bob.memberId, "work", leaseOf(leased), 41), { code: "lease_lost" });
    assert.deepEqual(
      (await store.checkConsistency(meshId, 0, 100)).findings,
      [],
      "the new one owes nothing of the old",
    );
    await remove(false);
    assert.deepEqual(await store.queues(meshId), []);
  });

  it("tells the sender when retention takes what nobody has acknowledged, and nobody of what was done", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob } = under;
    await create(under, "work", 1);
    const sent = Array.from({ length: 4 }, () => item(meshId, alice, "queue:work"));
    await store.accept(meshId, sent, 10);
    const [done, died] = await claim(under, bob, 20, { limit: 2 });
    await store.ack(meshId, bob.memberId, "work", leaseOf(done), 21);
    await store.nack(meshId, bob.memberId, "work", leaseOf(died), { delayMs: 0, reason: null, now: 21 });
    const [leased] = await claim(under, bob, 22, { limit: 1 });
    await store.expireMessages(meshId, 30, { afterSeq: 0, limit: 100, dryRun: false, now: 30 });
    const told = await store.takeNotices(meshId, alice.memberId, 10);
    assert.deepEqual(
      told.map(({ kind, client_message_id }) => [kind, client_message_id]),
      idsOf(sent.slice(1)).map((id) => ["expired", id]),
    );
    assert.deepEqual(await store.takeNotices(meshId, bob.memberId, 10), []);
    await assert.rejects(store.ack(meshId, bob.memberId, "work", leaseOf(leased), 31), { code: "lease_lost" });
    assert.deepEqual(await counts(under, 31), { ready: 0, delayed: 0, leased: 0, dead: 0 });
    assert.deepEqual((await store.checkConsistency(meshId, 0, 100)).findings, []);
  });

  it("keeps leases over a restart: nothing is given back early", async (t) => {
    const under = await open(t);
    const { meshId, bob } = under;
    await send(under, 1);
    const lease = leaseOf((await claim(under, bob, 10))[0]);
    const store = await under.reopen();
    assert.deepEqual(await claim({ ...under, store }, bob, 9 + minute), []);
    assert.deepEqual(await store.ack(meshId, bob.memberId, "work", lease, 9 + minute), { seq: 1 });
  });

  it("finds a message of a queue that has lost its row", async (t) => {
    const under = await open(t);
    const { store, meshId, bob } = under;
    await send(under, 3);
    await store.ack(meshId, bob.memberId, "work", leaseOf((await claim(under, bob, 10))[0]), 11);
    assert.deepEqual((await store.checkConsistency(meshId, 0, 100)).findings, []);
    await under.tamper("DELETE FROM delivery_queue WHERE seq <> 2");
    const { findings } = await store.checkConsistency(meshId, 0, 100);
    assert.deepEqual(
      findings.map(({ kind, seq }) => `${kind} ${seq}`),
      ["queue_message_without_row 1", "queue_message_without_row 3"],
    );
  });

  it("hands each message to one of many consumers that claim at once, and loses none", async (t) => {
    const under = await open(t);
    const { store, meshId, alice, bob } = under;
    const sent = await send(under, 60);
    const got: number[] = [];
    const consume = async (member: Identity) => {
      for (;;) {
        const claimed = await claim(under, member, 20, { limit: 3 });
        if (claimed.length === 0) return;
        for (const one of claimed) await store.ack(meshId, member.memberId, "work", one.lease_id, 20);
        got.push(...seqs(claimed));
      }
    };
    await Promise.all([alice, bob, alice, bob, alice, bob].map(consume));
    assert.deepEqual(
      got.sort((a, b) => a - b),
      sent,
    );
  });
}

async function create({ store, meshId, alice }: Bench, name: string, deliveries_max = 5): Promise<void> {
  await store.createQueue({ mesh_id: meshId, name, created_by: alice.memberId, deliveries_max, now: 1 });
}

/** So many messages of alice's to the queue `work`, accepted one after the other; their sequence numbers. */
async function send({ store, meshId, alice }: Bench, count: number): Promise<number[]> {
  const items = Array.from({ length: count }, () => item(meshId, alice, "queue:work"));
  return (await store.accept(meshId, items, 10)).map((outcome) => accepted(outcome).seq);
}

async function claim(
  { store, meshId }: Bench,
  member: Identity,
  now: number,
  options: { limit?: number; limitBytes?: number; queue?: string } = {},
): Promise<readonly ClaimedMessage[]> {
  const { queue = "work", ...rest } = options;
  const asked = { limit: 10, limitBytes: 1_000_000, leaseMs: minute, now, ...rest };
  return (await store.claim(meshId, member.memberId, queue, asked)).messages;
}

const counts = ({ store, meshId }: Bench, now: number) => store.countQueue(meshId, "work", { countMax: 100, now });

async function dead({ store, meshId }: Bench, now: number) {
  const letters = await store.deadLetters(meshId, "work", { afterSeq: 0, limit: 9, limitBytes: 1_000_000, now });
  return letters.map(({ message, ...rest }) => ({ seq: message.seq, ...rest }));
}

const seqs = (messages: readonly ClaimedMessage[]): number[] => messages.map(({ message }) => message.seq);

function leaseOf(claimed: ClaimedMessage | undefined): string {
  assert.ok(claimed !== undefined);
  return claimed.lease_id;
}
