import assert from "node:assert/strict";
import { it } from "node:test";
import type { Position } from "../../protocol/frames.ts";
import { newIdentity } from "../testing/peer.ts";
import { accepted, item, type On, revoke } from "./store-bench.fixture.ts";

/** The suite's part on positions, log epochs, members. */
export function logAndDirectory(on: On): void {
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

  it("refuses what a revoked member sends, is sent or acknowledges, and ends its subscriptions", async (t) => {
    const { store, meshId, alice, bob, now } = await on(t);
    const { topic_id } = await store.createTopic({ mesh_id: meshId, name: "builds", created_by: alice.memberId, now });
    const { link_epoch } = await store.raiseLinkEpoch(meshId, alice.memberId, { instance_id: "i", now });
    await revoke(store, meshId, alice.memberId, now);
    const sent = [{ ...item(meshId, alice, bob), linkEpoch: link_epoch }, item(meshId, bob, alice)];
    assert.deepEqual(
      (await store.accept(meshId, sent, 10)).map((outcome) => outcome.kind === "refused" && outcome.code),
      ["not_a_member", "unknown_destination"],
    );
    assert.equal(await store.acknowledge(meshId, alice.memberId, link_epoch, []), false);
    // A link of its may still be open at another broker, or be opening: nothing is begun by it any more.
    const refused = { code: "not_a_member" };
    await assert.rejects(store.raiseLinkEpoch(meshId, alice.memberId, { instance_id: "j", now }), refused);
    await assert.rejects(store.subscribe(meshId, alice.memberId, "builds", now), refused);
    const another = { mesh_id: meshId, name: "another", created_by: alice.memberId, now };
    await assert.rejects(store.createTopic(another), refused);
    assert.equal(await store.topicByName(meshId, "another"), null);
    assert.deepEqual(await store.subscribers(meshId, topic_id), []);
  });

  it("keeps what a member tells of its agents with its presence, and that it tells nothing", async (t) => {
    const { store, meshId, alice } = await on(t);
    const told = async () => {
      const { online_until, agents, agents_told } = (await store.member(meshId, alice.memberId)) ?? assert.fail();
      return { online_until, agents, agents_told };
    };
    assert.deepEqual(await told(), { online_until: 0, agents: [], agents_told: null });
    const known = { agents: ["shop", "docs"], agents_told: { former: ["old"], online: ["docs"] } };
    await store.touchPresence(meshId, alice.memberId, 20, known);
    assert.deepEqual(await told(), { online_until: 20, ...known });
    await store.touchPresence(meshId, alice.memberId, 30, { agents: ["shop"], agents_told: null });
    assert.deepEqual(await told(), { online_until: 30, agents: ["shop"], agents_told: null });
  });

  it("takes nothing that was told in a link before for all that a member has now", async (t) => {
    const { store, meshId, alice, now } = await on(t);
    const known = { agents: ["shop"], agents_told: { former: ["old"], online: ["shop"] } };
    const told = async () => (await store.member(meshId, alice.memberId))?.agents_told;
    await store.touchPresence(meshId, alice.memberId, 20, known);
    assert.deepEqual(await told(), known.agents_told);
    // By a broker that writes nothing of them.
    await store.raiseLinkEpoch(meshId, alice.memberId, { instance_id: "i", now });
    assert.equal(await told(), null);
    await store.touchPresence(meshId, alice.memberId, 30, known);
    assert.deepEqual(await told(), known.agents_told);
  });

  for (const absent of ["01890000-0000-7000-8000-00000000dead", "01890000-0000-7000-8000-00000000000A", "no uuid", ""])
    it(`knows nothing of a mesh that is not there: "${absent}"`, async (t) => {
      const { store, meshId, alice, bob, now } = await on(t);
      const { memberId } = alice;
      await store.touchPresence(absent, memberId, 10, { agents: [], agents_told: null });
      await store.deleteMesh(absent);
      assert.equal(await store.meshById(absent), null);
      assert.equal(await store.member(absent, memberId), null);
      assert.equal(await store.topicByName(absent, "all"), null);
      assert.equal(await store.acknowledge(absent, memberId, 0, []), false);
      for (const list of [
        await store.members(absent),
        await store.topics(absent),
        await store.cursors(absent, memberId),
        await store.subscribers(absent, "no topic"),
        await store.takeNotices(absent, memberId, 10),
        await store.takeReceipts(absent, memberId, 10),
        await store.history(absent, memberId, { kind: "topic", topic_id: "no topic" }, { beforeSeq: null, limit: 10 }),
        await store.read(absent, memberId, "topic:no topic", { afterSeq: 0, limitItems: 10, limitBytes: 1_000 }),
      ])
        assert.deepEqual(list, []);
      assert.equal((await store.lookUp(absent, ["an id"])).size, 0);
      const [outcome] = await store.accept(absent, [item(meshId, alice, bob)], 10);
      assert.equal(outcome?.kind === "refused" && outcome.code, "not_found");
      assert.deepEqual(await store.checkConsistency(absent, 0, 10), { findings: [], next: null });
      assert.equal(await store.expireDedupe(absent, 10, { limit: 10, dryRun: false }), 0);
      const changes = [
        () => store.log(absent),
        () => store.addMember({ mesh_id: absent, member_id: memberId, name: "alice", role: "member", now }),
        () => store.createTopic({ mesh_id: absent, name: "builds", created_by: memberId, now }),
        () => store.subscribe(absent, memberId, "all", now),
        () => revoke(store, absent, memberId, now),
        () => store.raiseLinkEpoch(absent, memberId, { instance_id: "i", now }),
      ];
      for (const change of changes)
        await assert.rejects(change, (thrown: { code: string }) =>
          ["not_found", "not_a_member", "unknown_destination"].includes(thrown.code),
        );
      await store.addReceipts(absent, [{ to: memberId, from: bob.memberId, signature: "s", items: [] }], {
        keptMax: 1,
        now,
      });
      assert.deepEqual(
        await store.takeReceipts(absent, memberId, 10),
        [],
        "nothing is kept for a mesh that was deleted",
      );
      assert.equal((await store.members(meshId)).length, 2);
    });

  it("says clearly that it is not open", async (t) => {
    const { store, meshId } = await on(t);
    await store.stop();
    await assert.rejects(store.ping(), { code: "store_unavailable" });
    await assert.rejects(store.log(meshId), { code: "store_unavailable" });
  });
}
