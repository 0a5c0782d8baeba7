import assert from "node:assert/strict";
import { it } from "node:test";
import { newIdentity } from "../testing/peer.ts";
import type { MembershipEffect } from "./membership-store.ts";
import { accepted, type Bench, item, type On } from "./store-bench.fixture.ts";

/** The suite's part on membership chains: entries in order, each with what it changes. What an entry says is not the store's. */
export function membership(on: On): void {
  const hash = (n: number): string => String(n).padStart(64, "0");
  const append = (
    { store, meshId }: Pick<Bench, "store" | "meshId">,
    n: number,
    effects: readonly MembershipEffect[] = [],
    change: { readonly previous?: string | null; readonly text?: string } = {},
  ) =>
    store.appendMembership(
      meshId,
      { n, hash: hash(n), previous: n === 0 ? null : hash(n - 1), text: `{"n":${n}}`, effects, ...change },
      100 + n,
    );

  it("keeps the entries of a chain in order, and appends what follows its head and nothing else", async (t) => {
    const under = await on(t);
    const { store, meshId } = under;
    assert.equal(await store.membershipHead(meshId), null);
    assert.equal(await append(under, 1), false, "nothing to follow");
    assert.ok(await append(under, 0));
    assert.equal(await append(under, 0), false, "a second beginning");
    assert.ok(await append(under, 1));
    assert.equal(await append(under, 2, [], { previous: hash(0) }), false, "an older head");
    assert.deepEqual(await store.membershipHead(meshId), { n: 1, hash: hash(1) });
    assert.deepEqual(await store.membershipAbove(meshId, -1, 10, 1_000), ['{"n":0}', '{"n":1}']);
    assert.deepEqual(await store.membershipAbove(meshId, 0, 10, 1_000), ['{"n":1}']);
    assert.deepEqual(await store.membershipAbove(meshId, -1, 1, 1_000), ['{"n":0}']);
    assert.deepEqual(await store.membershipAbove(meshId, -1, 10, 1), ['{"n":0}'], "at least one");
    assert.deepEqual(await store.membershipAbove(meshId, 1, 10, 1_000), []);
  });

  it("of many appends after one head takes exactly one", async (t) => {
    const under = await on(t);
    await append(under, 0);
    const appended = await Promise.all(
      Array.from({ length: 10 }, (_, each) => append(under, 1, [], { text: `{"each":${each}}` })),
    );
    assert.equal(appended.filter((one) => one).length, 1);
    assert.equal((await under.store.membershipAbove(under.meshId, -1, 10, 1_000)).length, 2);
  });

  it("adds a member with what every member has, and makes name and role of one that was there the chain's", async (t) => {
    const under = await on(t);
    const { store, meshId, alice } = under;
    const carol = newIdentity().memberId;
    await append(under, 0, [{ kind: "member_added", member_id: alice.memberId, name: "ally", role: "owner" }]);
    await append(under, 1, [{ kind: "member_added", member_id: carol, name: "carol", role: "guest" }]);
    const [ally, added] = [await store.member(meshId, alice.memberId), await store.member(meshId, carol)];
    assert.deepEqual([ally?.name, ally?.role, ally?.status], ["ally", "owner", "active"]);
    assert.deepEqual([added?.name, added?.role, added?.status, added?.joined_at], ["carol", "guest", "active", 101]);
    const destinations = (await store.cursors(meshId, carol)).map(({ destination }) => destination);
    assert.ok(destinations.includes("dm") && destinations.length === 2, `#all too: ${destinations.join()}`);
  });

  it("leaves nothing of an entry whose name belongs to somebody who is in no chain", async (t) => {
    const under = await on(t);
    const { store, meshId, alice } = under;
    await append(under, 0);
    const carol = newIdentity().memberId;
    const effects: MembershipEffect[] = [
      { kind: "member_role", member_id: alice.memberId, role: "admin" },
      { kind: "member_added", member_id: carol, name: "BOB", role: "member" },
    ];
    await assert.rejects(append(under, 1, effects), { code: "already_exists" });
    assert.equal((await store.member(meshId, alice.memberId))?.role, "member");
    assert.deepEqual(await store.membershipHead(meshId), { n: 0, hash: hash(0) });
  });

  it("renames, changes roles, and ends members, whose messages are refused from that place of the log on", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob } = under;
    await append(under, 0, [
      { kind: "member_renamed", member_id: alice.memberId, name: "ally" },
      { kind: "member_role", member_id: alice.memberId, role: "admin" },
    ]);
    const before = await store.member(meshId, bob.memberId);
    assert.equal(accepted((await store.accept(meshId, [item(meshId, bob, alice)], 10))[0]).seq, 1);
    await append(under, 1, [{ kind: "member_ended", member_id: bob.memberId, status: "left" }]);
    const [refused] = await store.accept(meshId, [item(meshId, bob, alice)], 11);
    assert.equal(refused?.kind === "refused" ? refused.code : "", "not_a_member");
    const [ally, left] = [await store.member(meshId, alice.memberId), await store.member(meshId, bob.memberId)];
    assert.deepEqual([ally?.name, ally?.role], ["ally", "admin"]);
    assert.deepEqual([left?.status, left?.link_epoch], ["left", Number(before?.link_epoch) + 1]);
    const all = await store.topicByName(meshId, "all");
    assert.ok(!(await store.subscribers(meshId, String(all?.topic_id))).includes(bob.memberId));
    await assert.rejects(store.raiseLinkEpoch(meshId, bob.memberId, { instance_id: "i", now: 12 }), {
      code: "not_a_member",
    });
    await append(under, 2, [{ kind: "member_ended", member_id: alice.memberId, status: "revoked" }]);
    assert.equal((await store.member(meshId, alice.memberId))?.status, "revoked");
  });

  it("sends a member away until a time: no link of it accepts, acknowledges or is raised before, and it keeps what is its own", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob } = under;
    const raise = (now: number) => store.raiseLinkEpoch(meshId, bob.memberId, { instance_id: "i", now });
    const { link_epoch, life } = await raise(10);
    const cursor = accepted((await store.accept(meshId, [item(meshId, alice, bob)], 10))[0]).seq;
    const kicked = await store.kickMember(meshId, bob.memberId, { until: 50, by: alice.memberId });
    assert.deepEqual(
      [kicked.kick, kicked.status, kicked.link_epoch],
      [{ until: 50, by: alice.memberId }, "active", link_epoch + 1],
    );
    const [late] = await store.accept(meshId, [{ ...item(meshId, bob, alice), linkEpoch: link_epoch }], 11);
    assert.equal(late?.kind === "refused" ? late.code : late?.kind, "behind");
    const acks = [{ destination: "dm", seq: cursor }];
    assert.equal(await store.acknowledge(meshId, bob.memberId, link_epoch, acks, life), false);
    const refused = await raise(49);
    assert.deepEqual([refused.kick, refused.link_epoch], [{ until: 50, by: alice.memberId }, link_epoch + 1]);
    assert.equal((await store.member(meshId, bob.memberId))?.link_epoch, link_epoch + 1);
    const dm = (await store.cursors(meshId, bob.memberId)).find(({ destination }) => destination === "dm");
    assert.ok(dm !== undefined && dm.seq < cursor);
    const back = await raise(50);
    assert.deepEqual([back.kick, back.link_epoch], [null, link_epoch + 2]);
    assert.equal(await store.acknowledge(meshId, bob.memberId, back.link_epoch, acks, back.life), true);
  });

  it("ends ephemeral members that were not seen for long, as one that has left, the longest gone first, and nobody else", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob } = under;
    const [carol, dave] = [newIdentity().memberId, newIdentity().memberId];
    await append(under, 0, [
      { kind: "member_added", member_id: alice.memberId, name: "alice", role: "admin" },
      { kind: "member_added", member_id: bob.memberId, name: "bob", role: "member" },
      { kind: "member_added", member_id: carol, name: "carol", role: "guest" },
      { kind: "member_added", member_id: dave, name: "dave", role: "member" },
    ]);
    const note = (memberId: string, until: number, ephemeral = true) =>
      store.noteEphemeral(meshId, memberId, { ephemeral, until });
    await note(alice.memberId, 10);
    await note(bob.memberId, 20);
    await note(carol, 10);
    await note(dave, 10);
    await note(dave, 0, false);
    const named = async (seenBefore: number, dryRun: boolean, limit = 10) =>
      (await store.expireEphemeral(meshId, seenBefore, { limit, dryRun })).map(
        ({ name, status }) => `${name} ${status}`,
      );
    assert.deepEqual(await named(10, true), [], "its lease ends at that moment, not before");
    assert.deepEqual(await named(21, true), ["carol active", "bob active"]);
    assert.deepEqual(await named(21, false, 1), ["carol active"]);
    const before = await store.member(meshId, bob.memberId);
    assert.deepEqual([before?.status, before?.ephemeral, before?.online_until], ["active", true, 20]);
    // Seen again, it stays.
    await note(bob.memberId, 40);
    assert.deepEqual(await named(40, false), []);
    await note(bob.memberId, 5);
    assert.deepEqual(await named(41, false), ["bob active"], "a lease gets no shorter");
    const bobThen = await store.member(meshId, bob.memberId);
    assert.deepEqual([bobThen?.status, bobThen?.link_epoch], ["expired", Number(before?.link_epoch) + 1]);
    const all = await store.topicByName(meshId, "all");
    assert.deepEqual(
      (await store.subscribers(meshId, String(all?.topic_id))).toSorted(),
      [alice.memberId, dave].toSorted(),
    );
    const [refused] = await store.accept(meshId, [item(meshId, bob, alice)], 50);
    assert.equal(refused?.kind === "refused" ? refused.code : "", "not_a_member");
    const raise = store.raiseLinkEpoch(meshId, bob.memberId, { instance_id: "i", now: 50 });
    await assert.rejects(raise, { code: "not_a_member" });
    await append(under, 1, [{ kind: "member_ended", member_id: bob.memberId, status: "revoked" }]);
    assert.equal((await store.member(meshId, bob.memberId))?.status, "revoked");
    assert.deepEqual(await named(1_000, false), []);
  });

  it("takes a kick back at once, which raises no link, and kicks nobody who is no member, or no longer", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob } = under;
    const raise = (now: number) => store.raiseLinkEpoch(meshId, bob.memberId, { instance_id: "i", now });
    await store.kickMember(meshId, bob.memberId, { until: 1_000, by: alice.memberId });
    assert.equal((await store.kickMember(meshId, bob.memberId, null)).kick, null);
    const { kick, link_epoch } = await raise(10);
    assert.equal(kick, null);
    assert.equal((await store.kickMember(meshId, bob.memberId, null)).link_epoch, link_epoch);
    const refused = { code: "not_a_member" };
    const kicks = { until: 1_000, by: alice.memberId };
    await assert.rejects(store.kickMember(meshId, newIdentity().memberId, kicks), refused);
    await append(under, 0, [{ kind: "member_ended", member_id: bob.memberId, status: "revoked" }]);
    await assert.rejects(store.kickMember(meshId, bob.memberId, kicks), refused);
    await assert.rejects(raise(10), refused);
  });

  it("ends what a limited member is subscribed to, but for what it may use and #all", async (t) => {
    const under = await on(t);
    const { store, meshId, bob } = under;
    const topics = [];
    for (const name of ["ops", "dev"])
      topics.push(await store.createTopic({ mesh_id: meshId, name, created_by: bob.memberId, now: 5 }));
    await append(under, 0, [{ kind: "member_limited", member_id: bob.memberId, destinations: ["#dev", "queue:jobs"] }]);
    const all = await store.topicByName(meshId, "all");
    const subscribed = async (topicId: string | undefined) =>
      (await store.subscribers(meshId, String(topicId))).includes(bob.memberId);
    assert.deepEqual(
      [await subscribed(topics[0]?.topic_id), await subscribed(topics[1]?.topic_id), await subscribed(all?.topic_id)],
      [false, true, true],
    );
  });

  it("opens topics and queues for unsealed messages and closes them, and lets pass what is not there", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob } = under;
    await store.createTopic({ mesh_id: meshId, name: "ops", created_by: alice.memberId, now: 5 });
    await store.createQueue({ mesh_id: meshId, name: "jobs", created_by: alice.memberId, deliveries_max: 5, now: 5 });
    const each = (unsealed: boolean): MembershipEffect[] =>
      ["#ops", "queue:jobs", "#gone", "queue:gone"].map((destination) => ({ kind: "unsealed", destination, unsealed }));
    await append(under, 0, each(true));
    assert.equal((await store.topicByName(meshId, "ops"))?.unsealed, true);
    assert.equal((await store.queueByName(meshId, "jobs"))?.unsealed, true);
    await store.accept(meshId, [item(meshId, bob, alice)], 10);
    await append(under, 1, each(false));
    const [topic, queue] = [await store.topicByName(meshId, "ops"), await store.queueByName(meshId, "jobs")];
    assert.deepEqual([topic?.unsealed, topic?.unsealed_through], [false, 1]);
    assert.deepEqual([queue?.unsealed, queue?.unsealed_through], [false, 1]);
  });

  it("keeps what members say of their keys, the newest word of each, until the chain has them", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob } = under;
    await store.announceKeys(meshId, bob.memberId, { x25519_pubkey: "1".repeat(64), proof: "first" }, 5);
    await store.announceKeys(meshId, bob.memberId, { x25519_pubkey: "2".repeat(64), proof: "second" }, 6);
    const told = await store.announcedKeys(meshId);
    const of = (memberId: string) => told.find(({ member_id }) => member_id === memberId);
    assert.deepEqual([of(bob.memberId)?.x25519_pubkey, of(bob.memberId)?.proof], ["2".repeat(64), "second"]);
    assert.deepEqual([of(alice.memberId)?.name, of(alice.memberId)?.x25519_pubkey], ["alice", null]);
    const stranger = newIdentity().memberId;
    await assert.rejects(store.announceKeys(meshId, stranger, { x25519_pubkey: "3".repeat(64), proof: "p" }, 7), {
      code: "not_a_member",
    });
    await append(under, 0, [{ kind: "member_added", member_id: bob.memberId, name: "bob", role: "owner" }]);
    const after = (await store.announcedKeys(meshId)).find(({ member_id }) => member_id === bob.memberId);
    assert.equal(after?.x25519_pubkey, null);
  });

  it("forgets the chain with its mesh, and knows none of a mesh that is not there", async (t) => {
    const under = await on(t);
    const { store, meshId, bob } = under;
    await append(under, 0);
    await store.announceKeys(meshId, bob.memberId, { x25519_pubkey: "1".repeat(64), proof: "p" }, 5);
    await store.deleteMesh(meshId);
    assert.equal(await store.membershipHead(meshId), null);
    assert.deepEqual(await store.announcedKeys(meshId), []);
    await assert.rejects(append(under, 1), { code: "not_found" });
  });
}
