import assert from "node:assert/strict";
import { it } from "node:test";
import { newUuidV7 } from "../../protocol/ids.ts";
import { type Identity, newIdentity } from "../testing/peer.ts";
import { epochRecord, handedIn, nextEpoch } from "./epoch.fixture.ts";
import { accepted, type Bench, item, type On } from "./store-bench.fixture.ts";

/** The suite's part on topics, subscriptions, cursors and reading. */
export function topicsAndCursors(on: On): void {
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

  it("refuses a topic to who has left it, and lets go on who joins again before anything else was sent", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob, now } = under;
    const { topic_id } = await store.createTopic({ mesh_id: meshId, name: "builds", created_by: alice.memberId, now });
    await store.subscribe(meshId, bob.memberId, "builds", now);
    await store.unsubscribe(meshId, bob.memberId, "builds", now);
    const [refused] = await store.accept(meshId, [item(meshId, bob, "#builds")], 10);
    assert.equal(refused?.kind === "refused" && refused.code, "not_subscribed");
    await store.subscribe(meshId, bob.memberId, "builds", now);
    await store.subscribe(meshId, bob.memberId, "builds", now);
    const seq = await send(under, alice, "#builds");
    assert.deepEqual(await read(under, bob, `topic:${topic_id}`), [seq]);
    assert.deepEqual((await store.subscribers(meshId, topic_id)).sort(), [alice.memberId, bob.memberId].sort());
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

  it("knows which of a topic's newest messages a member sent itself, in order", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob, now } = under;
    const { topic_id } = await store.createTopic({ mesh_id: meshId, name: "builds", created_by: alice.memberId, now });
    await store.subscribe(meshId, bob.memberId, "builds", now);
    const ids: string[] = [];
    for (const [sender, at] of [
      [alice, 10],
      [alice, 20],
      [bob, 30],
      [alice, 40],
    ] as const) {
      const sent = item(meshId, sender, "#builds");
      accepted((await store.accept(meshId, [sent], at))[0]);
      ids.push(sent.envelope.client_message_id);
    }
    await send(under, alice, bob);
    const sent = async (member: Identity, range: { since: number; newestOf: number }) =>
      (await store.sentToTopics(meshId, member.memberId, range)).map((one) => [one.topic_id, one.client_message_id]);
    const as = (...places: number[]) => places.map((place) => [topic_id, ids[place]]);
    assert.deepEqual(await sent(alice, { since: 0, newestOf: 10 }), as(0, 1, 3));
    assert.deepEqual(await sent(alice, { since: 20, newestOf: 10 }), as(1, 3));
    assert.deepEqual(await sent(alice, { since: 0, newestOf: 2 }), as(3));
    assert.deepEqual(await sent(bob, { since: 0, newestOf: 10 }), as(2));
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
    assert.equal(await ack(link_epoch, 1_000), true);
    assert.equal(await cursor(), 3, "what is not there yet is not acknowledged");
  });

  it("acknowledges nothing for a link of another life of the store", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob, now } = under;
    await send(under, alice, bob);
    const { link_epoch, life } = await store.raiseLinkEpoch(meshId, bob.memberId, { instance_id: "i", now });
    assert.equal(life, store.life());
    const acks = [{ destination: "dm", seq: 1 }];
    assert.equal(await store.acknowledge(meshId, bob.memberId, link_epoch, acks, newUuidV7(1)), false);
    const cursor = async () =>
      (await store.cursors(meshId, bob.memberId)).find(({ destination }) => destination === "dm")?.seq;
    assert.equal(await cursor(), 0);
    assert.equal(await store.acknowledge(meshId, bob.memberId, link_epoch, acks, life), true);
    assert.equal(await cursor(), 1);
  });

  it("acknowledges many destinations at once, each by the highest number named, and no foreign one", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob, now } = under;
    const topicIds: string[] = [];
    for (const name of ["one", "two", "three"]) {
      topicIds.push((await store.createTopic({ mesh_id: meshId, name, created_by: alice.memberId, now })).topic_id);
      await store.subscribe(meshId, bob.memberId, name, now);
      await send(under, alice, `#${name}`);
    }
    const acks = ["three", "one", "two"].flatMap((_, index) => [
      { destination: `topic:${topicIds[index]}`, seq: index + 1 },
      { destination: `topic:${topicIds[index]}`, seq: index },
    ]);
    acks.push({ destination: "topic:no topic", seq: 1 });
    assert.equal(await store.acknowledge(meshId, bob.memberId, 0, acks), true);
    const cursors = new Map((await store.cursors(meshId, bob.memberId)).map((row) => [row.destination, row.seq]));
    assert.deepEqual(
      topicIds.map((id) => cursors.get(`topic:${id}`)),
      [1, 2, 3],
    );
    const others = (await store.cursors(meshId, alice.memberId)).filter(({ destination }) => destination !== "dm");
    assert.equal(
      others.some(({ seq }) => seq > 2),
      false,
      "nobody else's cursor moves",
    );
  });

  it("reads the log of all destinations with whom each message concerns, within items and bytes", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob, now } = under;
    const { topic_id } = await store.createTopic({ mesh_id: meshId, name: "builds", created_by: alice.memberId, now });
    await send(under, alice, bob);
    await send(under, alice, "#builds");
    await send(under, bob, alice);
    const page = (change: { afterSeq?: number; toSeq?: number; limitItems?: number; limitBytes?: number } = {}) =>
      store.readLog(meshId, { afterSeq: 0, toSeq: 100, limitItems: 100, limitBytes: 1_000_000, ...change });
    assert.deepEqual(
      (await page()).map(({ seq, destination, routed }) => [seq, destination, routed]),
      [
        [1, "dm", { kind: "dm", member_id: bob.memberId }],
        [2, `topic:${topic_id}`, { kind: "topic", topic_id }],
        [3, "dm", { kind: "dm", member_id: alice.memberId }],
      ],
    );
    const seqs = async (change: Parameters<typeof page>[0]) => (await page(change)).map(({ seq }) => seq);
    assert.deepEqual(await seqs({ afterSeq: 1, toSeq: 2 }), [2]);
    assert.deepEqual(await seqs({ limitItems: 2 }), [1, 2]);
    assert.deepEqual(await seqs({ limitBytes: 1 }), [1]);
    assert.deepEqual(await seqs({ afterSeq: 3 }), []);
  });

  it("lists an ended subscription only while it still owes something", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob, now } = under;
    const { topic_id } = await store.createTopic({ mesh_id: meshId, name: "builds", created_by: alice.memberId, now });
    const destination = `topic:${topic_id}`;
    const listed = async () =>
      (await store.cursors(meshId, bob.memberId)).find((cursor) => cursor.destination === destination);
    const { link_epoch } = await store.raiseLinkEpoch(meshId, bob.memberId, { instance_id: "i", now });
    await store.subscribe(meshId, bob.memberId, "builds", now);
    assert.deepEqual(await listed(), { destination, seq: 0, lastSeq: null });
    const seq = await send(under, alice, "#builds");
    await store.unsubscribe(meshId, bob.memberId, "builds", now);
    assert.deepEqual(await listed(), { destination, seq: 0, lastSeq: seq });
    await store.acknowledge(meshId, bob.memberId, link_epoch, [{ destination, seq }]);
    assert.equal(await listed(), undefined);
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

  it("tells all of a topic's history to who has subscribed, while the newest key is for late comers, and to nobody who has left", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob, now } = under;
    const { topic_id } = await store.createTopic({ mesh_id: meshId, name: "builds", created_by: alice.memberId, now });
    const history = async (page: { beforeSeq: number | null; limit: number } = { beforeSeq: null, limit: 10 }) =>
      (await store.history(meshId, bob.memberId, { kind: "topic", topic_id }, page)).map(({ seq }) => seq);
    const before = await send(under, alice, "#builds");
    const elsewhere = await store.createTopic({ mesh_id: meshId, name: "other", created_by: alice.memberId, now });
    await send(under, alice, "#other");
    await store.subscribe(meshId, bob.memberId, "builds", now);
    const within = await send(under, alice, "#builds");
    const forAll = (topicId: string, name: string) =>
      epochRecord(meshId, { destination: `topic:${topicId}`, name, created_by: alice.memberId });
    await store.createEpoch(meshId, forAll(elsewhere.topic_id, "other"), [], handedIn(now));
    assert.deepEqual(await history(), [within], "it has no key, whatever another topic has");
    const first = forAll(topic_id, "builds");
    await store.createEpoch(meshId, first, [], handedIn(now));
    assert.deepEqual(await history(), [within, before]);
    assert.deepEqual(await history({ beforeSeq: within, limit: 1 }), [before]);
    const second = nextEpoch(first, { history: "joined" });
    await store.createEpoch(meshId, second, [], handedIn(now));
    assert.deepEqual(await history(), [within]);
    await store.createEpoch(meshId, nextEpoch(second, { history: "all" }), [], handedIn(now));
    assert.deepEqual(await history(), [within, before]);
    await store.unsubscribe(meshId, bob.memberId, "builds", now);
    await send(under, alice, "#builds");
    assert.deepEqual(await history(), [within]);
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
    await send(under, alice, "#builds");
    const late = newIdentity();
    await store.addMember({ mesh_id: meshId, member_id: late.memberId, name: "late", role: "member", now });
    await store.subscribe(meshId, late.memberId, "builds", now);
    assert.deepEqual(await progress(), { reached: 1, of: 1 }, "who came later is not waited for");
  });
}
