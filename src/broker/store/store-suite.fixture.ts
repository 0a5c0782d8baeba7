import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { Position } from "../../protocol/frames.ts";
import { type Identity, newIdentity } from "../testing/peer.ts";
import { accepted, type Bench, bench, idsOf, item, kinds, type On, type OpenStore } from "./store-bench.fixture.ts";
import { upkeep } from "./store-suite-upkeep.fixture.ts";

/** What every store does, whatever it is made of. Run it on each implementation. */
export function storeSuite(name: string, open: OpenStore): void {
  const on = (t: TestContext) => bench(t, open);
  describe(`${name}: accepting`, () => accepting(on));
  describe(`${name}: topics and cursors`, () => topics(on));
  describe(`${name}: upkeep`, () => upkeep(on));
  describe(`${name}: log and directory`, () => logAndDirectory(on));
}

function accepting(on: On): void {
  it("numbers what it accepts without a hole, and answers a known id from its record", async (t) => {
    const { store, meshId, alice, bob } = await on(t);
    const [one, two] = [item(meshId, alice, bob), item(meshId, alice, bob)];
    const first = await store.accept(meshId, [one, two], 10);
    assert.deepEqual(
      first.map((outcome) => accepted(outcome).seq),
      [1, 2],
    );
    const [again, three] = await store.accept(meshId, [one, item(meshId, alice, bob)], 20);
    assert.ok(again?.kind === "duplicate");
    assert.deepEqual(
      [again.record.seq, again.record.broker_message_id, again.record.first_seen_at],
      [1, one.broker_message_id, 10],
    );
    assert.equal(accepted(three).seq, 3);
  });

  it("tells another request under a known id apart, and another sender's", async (t) => {
    const { store, meshId, alice, bob } = await on(t);
    const one = item(meshId, alice, bob);
    await store.accept(meshId, [one], 10);
    const other = { ...item(meshId, alice, bob, { client_message_id: one.envelope.client_message_id, text: "other" }) };
    const stolen = item(meshId, bob, alice, { client_message_id: one.envelope.client_message_id });
    assert.deepEqual(kinds(await store.accept(meshId, [other], 11)), ["mismatch"]);
    assert.deepEqual(kinds(await store.accept(meshId, [stolen], 11)), ["mismatch"]);
  });

  it("never fails a neighbour with a bad item, and a refused one leaves nothing", async (t) => {
    const { store, meshId, alice, bob } = await on(t);
    const stranger = newIdentity();
    const items = [
      item(meshId, alice, bob),
      item(meshId, alice, stranger),
      {
        ...item(meshId, alice, bob),
        refusal: { kind: "refused", status: 429, code: "rate_limited", message: "" } as const,
      },
      item(meshId, stranger, bob),
      item(meshId, alice, "#nowhere"),
      { ...item(meshId, alice, bob), linkEpoch: 7 },
      item(meshId, alice, bob),
    ];
    const outcomes = await store.accept(meshId, items, 10);
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.kind === "refused" ? outcome.code : outcome.kind)),
      ["accepted", "unknown_destination", "rate_limited", "not_a_member", "unknown_destination", "behind", "accepted"],
    );
    assert.equal((await store.lookUp(meshId, idsOf(items))).size, 2);
    assert.equal((await store.log(meshId)).head, 2);
  });

  it("looks a record up before it speaks any refusal", async (t) => {
    const { store, meshId, alice, bob } = await on(t);
    const one = item(meshId, alice, bob);
    await store.accept(meshId, [one], 10);
    const refusal = { kind: "refused", status: 429, code: "rate_limited", message: "" } as const;
    assert.deepEqual(kinds(await store.accept(meshId, [{ ...one, refusal, linkEpoch: 99 }], 11)), ["duplicate"]);
  });

  it("commits an id that comes twice in one batch once, and answers the second from the first", async (t) => {
    const { store, meshId, alice, bob } = await on(t);
    const one = item(meshId, alice, bob);
    const other = item(meshId, alice, bob, { client_message_id: one.envelope.client_message_id, text: "other" });
    const outcomes = await store.accept(meshId, [one, one, other, item(meshId, alice, bob)], 10);
    assert.deepEqual(kinds(outcomes), ["accepted", "duplicate", "mismatch", "accepted"]);
    assert.equal((await store.log(meshId)).head, 2);
  });

  it("accepts one of fifty concurrent sends of one id", async (t) => {
    const { store, meshId, alice, bob } = await on(t);
    const one = item(meshId, alice, bob);
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () =>
        store.accept(meshId, [{ ...one, broker_message_id: item(meshId, alice, bob).broker_message_id }], 10),
      ),
    );
    const counted = kinds(outcomes.flat());
    assert.equal(counted.filter((kind) => kind === "accepted").length, 1);
    assert.equal(counted.filter((kind) => kind === "duplicate").length, 49);
  });

  it("voids an id for ever or returns its record, for its own sender alone", async (t) => {
    const { store, meshId, alice, bob } = await on(t);
    const [sent, never] = [item(meshId, alice, bob), item(meshId, alice, bob)];
    await store.accept(meshId, [sent], 10);
    const found = await store.voidIds(meshId, alice.memberId, idsOf([sent, never]), 20);
    assert.deepEqual(
      [...found.values()].map(({ kind }) => kind),
      ["record", "void"],
    );
    assert.deepEqual(kinds(await store.accept(meshId, [never], 30)), ["void"]);
    assert.equal((await store.log(meshId)).head, 1);
  });

  it("keeps meshes apart: the same id, numbers from one, records and members of its own", async (t) => {
    const { store, meshId, alice, bob, now } = await on(t);
    const other = await store.createMesh({ mesh_id: "01890000-0000-7000-8000-00000000000b", slug: "other", now });
    for (const [identity, name] of [
      [alice, "alice"],
      [bob, "bob"],
    ] as const)
      await store.addMember({ mesh_id: other.mesh_id, member_id: identity.memberId, name, role: "member", now });
    const one = item(meshId, alice, bob);
    const there = item(other.mesh_id, alice, bob, { client_message_id: one.envelope.client_message_id });
    assert.equal(accepted((await store.accept(meshId, [one], 10))[0]).seq, 1);
    assert.equal(accepted((await store.accept(other.mesh_id, [there], 10))[0]).seq, 1);
    await store.deleteMesh(meshId);
    assert.equal((await store.lookUp(other.mesh_id, idsOf([there]))).size, 1);
    assert.equal((await store.lookUp(meshId, idsOf([one]))).size, 0);
  });

  it("has after a restart what it had accepted, and goes on behind it", async (t) => {
    const under = await on(t);
    const one = item(under.meshId, under.alice, under.bob);
    await under.store.accept(under.meshId, [one], 10);
    const store = await under.reopen();
    assert.deepEqual(kinds(await store.accept(under.meshId, [one], 11)), ["duplicate"]);
    assert.equal(
      accepted((await store.accept(under.meshId, [item(under.meshId, under.alice, under.bob)], 12))[0]).seq,
      2,
    );
  });
}

function topics(on: On): void {
  const send = async ({ store, meshId }: Bench, from: Identity, to: Identity | string) =>
    accepted((await store.accept(meshId, [item(meshId, from, to)], 10))[0]).seq;
  const read = async ({ store, meshId }: Bench, member: Identity, destination: string, afterSeq = 0) =>
    (await store.read(meshId, member.memberId, destination, { afterSeq, limitItems: 100, limitBytes: 1_000_000 })).map(
      ({ seq }) => seq,
    );

  it("delivers of a topic what lies in the intervals of a subscription, and nothing of one's own", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob, now } = under;
    const { topic_id } = await store.createTopic({ mesh_id: meshId, name: "builds", created_by: alice.memberId, now });
    const before = await send(under, alice, "#builds");
    await store.subscribe(meshId, bob.memberId, "builds", now);
    const within = await send(under, alice, "#builds");
    const own = await send(under, bob, "#builds");
    await store.unsubscribe(meshId, bob.memberId, "builds", now);
    const between = await send(under, alice, "#builds");
    await store.subscribe(meshId, bob.memberId, "builds", now);
    const again = await send(under, alice, "#builds");
    assert.deepEqual(await read(under, bob, `topic:${topic_id}`), [within, again]);
    assert.deepEqual(await read(under, alice, `topic:${topic_id}`), [own]);
    assert.ok(before < within && between < again);
  });

  it("refuses a topic to who is not subscribed or to all once it is gone, and a topic of the same name is another", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob, now } = under;
    const first = await store.createTopic({ mesh_id: meshId, name: "builds", created_by: alice.memberId, now });
    await assert.rejects(store.createTopic({ mesh_id: meshId, name: "builds", created_by: bob.memberId, now }), {
      code: "already_exists",
    });
    const refusal = async (from: Identity) => {
      const [outcome] = await store.accept(meshId, [item(meshId, from, "#builds")], 10);
      return outcome?.kind === "refused" ? outcome.code : outcome?.kind;
    };
    assert.equal(await refusal(bob), "not_subscribed");
    await send(under, alice, "#builds");
    await store.deleteTopic(meshId, "builds", now);
    assert.equal(await refusal(alice), "unknown_destination");
    const second = await store.createTopic({ mesh_id: meshId, name: "builds", created_by: bob.memberId, now });
    assert.notEqual(second.topic_id, first.topic_id);
    assert.equal(await refusal(alice), "not_subscribed");
    assert.deepEqual(await read(under, bob, `topic:${second.topic_id}`), []);
  });

  it("moves cursors forward and never back, and only for the newest link", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob, now } = under;
    for (let n = 0; n < 3; n += 1) await send(under, alice, bob);
    const cursor = async () =>
      (await store.cursors(meshId, bob.memberId)).find(({ destination }) => destination === "dm")?.seq;
    const { link_epoch } = await store.raiseLinkEpoch(meshId, bob.memberId, { instance_id: "i", now });
    const ack = (epoch: number, seq: number) =>
      store.acknowledge(meshId, bob.memberId, epoch, [{ destination: "dm", seq }]);
    assert.equal(await ack(link_epoch, 2), true);
    assert.equal(await ack(link_epoch, 1), true);
    assert.equal(await cursor(), 2);
    assert.equal(await ack(link_epoch - 1, 3), false);
    assert.equal(await cursor(), 2);
    assert.deepEqual(await read(under, bob, "dm", 2), [3]);
  });

  it("reads at least one message however small the byte limit, and no more items than asked", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob } = under;
    for (let n = 0; n < 3; n += 1) await send(under, alice, bob);
    const sizes = async (limitItems: number, limitBytes: number) =>
      (await store.read(meshId, bob.memberId, "dm", { afterSeq: 0, limitItems, limitBytes })).length;
    assert.deepEqual([await sizes(100, 1), await sizes(2, 1_000_000), await sizes(100, 1_000_000)], [1, 2, 3]);
  });

  it("tells a member's direct messages of both directions, newest first, page by page, and nobody else's", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob, now } = under;
    const carol = newIdentity();
    await store.addMember({ mesh_id: meshId, member_id: carol.memberId, name: "carol", role: "member", now });
    await store.createTopic({ mesh_id: meshId, name: "builds", created_by: alice.memberId, now });
    const mine: number[] = [];
    for (const [from, to] of [
      [alice, bob],
      [bob, alice],
      [alice, alice],
      [alice, "#builds"],
      [bob, carol],
      [carol, alice],
    ] as const) {
      const seq = await send(under, from, to);
      if (to !== "#builds" && (from === alice || to === alice)) mine.unshift(seq);
    }
    const page = async (beforeSeq: number | null, limit: number) =>
      (await store.history(meshId, alice.memberId, { kind: "dm" }, { beforeSeq, limit })).map(({ seq }) => seq);
    assert.deepEqual(await page(null, 10), mine);
    assert.deepEqual([...(await page(null, 2)), ...(await page(mine[1] ?? 0, 2))], mine);
  });

  it("tells of a topic's history what lies in the member's intervals, own messages included, newest first", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob, now } = under;
    const { topic_id } = await store.createTopic({ mesh_id: meshId, name: "builds", created_by: alice.memberId, now });
    const history = async (member: Identity, beforeSeq: number | null = null, limit = 10) =>
      (await store.history(meshId, member.memberId, { kind: "topic", topic_id }, { beforeSeq, limit })).map(
        ({ seq }) => seq,
      );
    const before = await send(under, alice, "#builds");
    await store.subscribe(meshId, bob.memberId, "builds", now);
    const within = await send(under, alice, "#builds");
    const own = await send(under, bob, "#builds");
    await send(under, alice, bob);
    await store.unsubscribe(meshId, bob.memberId, "builds", now);
    const after = await send(under, alice, "#builds");
    assert.deepEqual(await history(bob), [own, within]);
    assert.deepEqual(await history(alice), [after, own, within, before]);
    assert.deepEqual(
      [await history(alice, null, 2), await history(alice, own, 9)],
      [
        [after, own],
        [within, before],
      ],
    );
  });

  it("counts how many subscribers hold a topic message, its sender aside", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob, now } = under;
    const { topic_id } = await store.createTopic({ mesh_id: meshId, name: "builds", created_by: alice.memberId, now });
    await store.subscribe(meshId, bob.memberId, "builds", now);
    const seq = await send(under, alice, "#builds");
    const progress = () => store.topicProgress(meshId, topic_id, seq, alice.memberId);
    assert.deepEqual(await progress(), { reached: 0, of: 1 });
    const { link_epoch } = await store.raiseLinkEpoch(meshId, bob.memberId, { instance_id: "i", now });
    await store.acknowledge(meshId, bob.memberId, link_epoch, [{ destination: `topic:${topic_id}`, seq }]);
    assert.deepEqual(await progress(), { reached: 1, of: 1 });
  });
}

function logAndDirectory(on: On): void {
  it("holds a member's position, also a pruned one; a place it never gave is a lost log, reported once", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob } = under;
    const positions: Position[] = [];
    for (let n = 0; n < 3; n += 1)
      positions.unshift(accepted((await store.accept(meshId, [item(meshId, alice, bob)], 10 + n))[0]).position);
    assert.deepEqual(await store.checkPosition(meshId, positions, 20), { state: "ok" });
    await store.expireMessages(meshId, 12, { afterSeq: 0, limit: 10, dryRun: false, now: 12 });
    assert.deepEqual(await store.checkPosition(meshId, positions.slice(1), 20), { state: "ok" });
    await under.tamper("DELETE FROM message_queue WHERE seq = 3");
    await under.tamper("DELETE FROM client_message_dedupe WHERE seq = 3");
    await under.tamper("UPDATE mesh_head SET seq = 2");
    const reopened = await under.reopen();
    const lost = await reopened.checkPosition(meshId, positions, 30);
    assert.ok(lost.state === "lost" && lost.opened);
    assert.deepEqual([lost.log.epoch, lost.log.breaks[0]?.prefix], [2, 2]);
    const again = await reopened.checkPosition(meshId, positions, 31);
    assert.ok(again.state === "lost" && !again.opened);
    const [position] = positions;
    assert.ok(position !== undefined);
    await assert.rejects(reopened.checkPosition(meshId, [{ ...position, seq: 1 }], 32), { code: "auth_failed" });
  });

  it("gives a name once, without regard to case, and the same member twice", async (t) => {
    const { store, meshId, alice, now } = await on(t);
    const add = (member_id: string, name: string) =>
      store.addMember({ mesh_id: meshId, member_id, name, role: "member", now });
    assert.equal((await add(alice.memberId, "alice")).name, "alice");
    await assert.rejects(add(newIdentity().memberId, "Alice"), { code: "already_exists" });
    assert.equal((await store.members(meshId)).length, 2);
  });

  it("refuses what a revoked member sends, and ends its subscriptions", async (t) => {
    const { store, meshId, alice, bob, now } = await on(t);
    const { topic_id } = await store.createTopic({ mesh_id: meshId, name: "builds", created_by: alice.memberId, now });
    await store.revokeMember(meshId, alice.memberId, now);
    const [outcome] = await store.accept(meshId, [item(meshId, alice, bob)], 10);
    assert.equal(outcome?.kind === "refused" && outcome.code, "not_a_member");
    assert.deepEqual(await store.subscribers(meshId, topic_id), []);
  });

  it("says clearly that it is not open", async (t) => {
    const { store, meshId } = await on(t);
    await store.stop();
    await assert.rejects(store.ping(), { code: "store_unavailable" });
    await assert.rejects(store.log(meshId), { code: "store_unavailable" });
  });
}
