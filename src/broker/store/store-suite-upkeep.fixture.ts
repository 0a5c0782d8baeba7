import assert from "node:assert/strict";
import { it } from "node:test";
import { newIdentity } from "../testing/peer.ts";
import { type Bench, day, idsOf, item, kinds, type On } from "./store-bench.fixture.ts";

/** The suite's part on what upkeep takes away and finds. */
export function upkeep(on: On): void {
  const expire = ({ store, meshId }: Bench, acceptedBefore: number, dryRun = false) =>
    store.expireMessages(meshId, acceptedBefore, { afterSeq: 0, limit: 100, dryRun, now: acceptedBefore });

  it("removes messages by age; their records stay and say that the history is gone", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob } = under;
    const [old, young] = [item(meshId, alice, bob), item(meshId, alice, bob)];
    await store.accept(meshId, [old], 10);
    await store.accept(meshId, [young], 20);
    assert.equal((await expire(under, 15, true)).removed, 1);
    assert.equal((await store.lookUp(meshId, idsOf([old]))).size, 1);
    assert.equal((await expire(under, 15)).removed, 1);
    const record = (await store.lookUp(meshId, idsOf([old]))).get(old.envelope.client_message_id);
    assert.ok(record?.kind === "record" && !record.history_available && record.position === null);
    assert.deepEqual(kinds(await store.accept(meshId, [old], 30)), ["duplicate"]);
    assert.equal((await expire(under, 15)).removed, 0);
  });

  it("leaves a gap for who had not acknowledged and `expired` for the sender, until each is dropped", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob, now } = under;
    const [seen, missed] = [item(meshId, alice, bob), item(meshId, alice, bob)];
    await store.accept(meshId, [seen, missed], 10);
    const { link_epoch } = await store.raiseLinkEpoch(meshId, bob.memberId, { instance_id: "i", now });
    await store.acknowledge(meshId, bob.memberId, link_epoch, [{ destination: "dm", seq: 1 }]);
    await expire(under, 15);
    const [gap, ...others] = await store.takeNotices(meshId, bob.memberId, 10);
    assert.ok(gap !== undefined && others.length === 0);
    assert.deepEqual([gap.kind, gap.from_seq, gap.to_seq, gap.destination], ["gap", 2, 2, "dm"]);
    const [expired] = await store.takeNotices(meshId, alice.memberId, 10);
    assert.deepEqual([expired?.kind, expired?.client_message_id], ["expired", missed.envelope.client_message_id]);
    await store.dropNotices(meshId, alice.memberId, [gap.notice_id]);
    assert.equal((await store.takeNotices(meshId, bob.memberId, 10)).length, 1, "nobody drops another's notice");
    await store.dropNotices(meshId, bob.memberId, [gap.notice_id]);
    assert.equal((await store.takeNotices(meshId, bob.memberId, 10)).length, 0);
  });

  it("leaves a gap of a topic only for whose interval the message lay in", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob, now } = under;
    const names = ["within", "left", "late"] as const;
    const [within, left, late] = [newIdentity(), newIdentity(), newIdentity()];
    for (const [index, { memberId }] of [within, left, late].entries())
      await store.addMember({ mesh_id: meshId, member_id: memberId, name: names[index] ?? "", role: "member", now });
    const { topic_id } = await store.createTopic({ mesh_id: meshId, name: "builds", created_by: alice.memberId, now });
    for (const { memberId } of [within, left]) await store.subscribe(meshId, memberId, "builds", now);
    await store.unsubscribe(meshId, left.memberId, "builds", now);
    await store.accept(meshId, [item(meshId, alice, "#builds")], 10);
    await store.unsubscribe(meshId, within.memberId, "builds", now);
    await store.subscribe(meshId, late.memberId, "builds", now);
    await expire(under, 15);
    const told = async (of: { memberId: string }) =>
      (await store.takeNotices(meshId, of.memberId, 10)).map(({ kind, destination }) => `${kind} ${destination}`);
    assert.deepEqual(await told(within), [`gap topic:${topic_id}`]);
    assert.deepEqual(await told(alice), [`expired topic:${topic_id}`]);
    for (const other of [bob, left, late]) assert.deepEqual(await told(other), []);
  });

  it("forgets a record after its window, but never before its message", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob } = under;
    const one = item(meshId, alice, bob);
    await store.accept(meshId, [one], 10);
    const late = 10 + 366 * day;
    assert.equal(await store.expireDedupe(meshId, late, { limit: 10, dryRun: false }), 0);
    await expire(under, 15);
    assert.equal(await store.expireDedupe(meshId, 10 + 364 * day, { limit: 10, dryRun: false }), 0);
    assert.equal(await store.expireDedupe(meshId, late, { limit: 10, dryRun: true }), 1);
    assert.equal(await store.expireDedupe(meshId, late, { limit: 10, dryRun: false }), 1);
    assert.equal((await store.lookUp(meshId, idsOf([one]))).size, 0);
  });

  it("forgets void claims after one dedupe window, in chunks; a dry run counts them too", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob } = under;
    const never = Array.from({ length: 5 }, () => item(meshId, alice, bob));
    await store.voidIds(meshId, alice.memberId, idsOf(never), 10);
    const forget = (now: number, limit: number, dryRun = false) => store.expireDedupe(meshId, now, { limit, dryRun });
    const late = 10 + 365 * day + 1;
    assert.equal(await forget(late - 1, 10), 0);
    assert.equal(await forget(late, 10, true), 5);
    assert.equal(await forget(late, 3, true), 3);
    assert.deepEqual([await forget(late, 3), await forget(late, 3), await forget(late, 3)], [3, 2, 0]);
    assert.deepEqual(kinds(await store.accept(meshId, never.slice(0, 1), 20)), ["accepted"]);
    await store.voidIds(meshId, alice.memberId, idsOf(never.slice(1)), 20);
    await expire(under, 30);
    assert.equal(await forget(30 + 365 * day, 3), 3, "records and claims share the limit");
  });

  it("never forgets a record or a void claim of a deployment whose dedupe is permanent", async (t) => {
    const under = await on(t, { mode: "permanent", retentionDays: 1 });
    const { store, meshId, alice, bob } = under;
    const [sent, never] = [item(meshId, alice, bob), item(meshId, alice, bob)];
    await store.accept(meshId, [sent], 10);
    await store.voidIds(meshId, alice.memberId, idsOf([never]), 10);
    await expire(under, 15);
    assert.equal(await store.expireDedupe(meshId, 36_500 * day, { limit: 10, dryRun: false }), 0);
    assert.deepEqual(kinds(await store.accept(meshId, [sent, never], 20)), ["duplicate", "void"]);
  });

  it("keeps receipts for who is away, within a bound, oldest first, and forgets what nobody fetches", async (t) => {
    const { store, meshId, alice, bob } = await on(t);
    const group = (n: number) => ({ to: alice.memberId, from: bob.memberId, signature: `s${n}`, items: [] as never[] });
    const receipt = { client_message_id: "m", request_fingerprint: "f", state: "delivered", at: "" } as const;
    for (let n = 0; n < 4; n += 1)
      await store.addReceipts(meshId, [{ ...group(n), items: [receipt, receipt] }], { keptMax: 6, now: n });
    const kept = await store.takeReceipts(meshId, alice.memberId, 2);
    assert.deepEqual(
      kept.map((one) => one.group.signature),
      ["s1", "s2"],
    );
    await store.dropReceipts(
      meshId,
      alice.memberId,
      kept.map(({ receipt_id }) => receipt_id),
    );
    assert.deepEqual(
      (await store.takeReceipts(meshId, alice.memberId, 9)).map((one) => one.group.signature),
      ["s3"],
    );
    assert.equal(await store.expireKept(meshId, 4, { limit: 10, dryRun: true }), 1);
    assert.equal(await store.expireKept(meshId, 4, { limit: 10, dryRun: false }), 1);
    assert.equal((await store.takeReceipts(meshId, alice.memberId, 9)).length, 0);
  });

  it("finds no fault while messages are accepted and removed beside the check", async (t) => {
    const { store, meshId, alice, bob } = await on(t);
    const batches = 60;
    let accepted = 0;
    const accepting = async (): Promise<void> => {
      for (; accepted < batches; accepted += 1) {
        const items = Array.from({ length: 4 }, () => item(meshId, alice, bob, { mentions: [bob.memberId] }));
        await store.accept(meshId, items, accepted + 1);
      }
    };
    const removing = async (): Promise<void> => {
      while (accepted < batches)
        await store.expireMessages(meshId, accepted, { afterSeq: 0, limit: 100, dryRun: false, now: 1 });
    };
    let checks = 0;
    const checking = async (): Promise<void> => {
      for (; accepted < batches; checks += 1)
        assert.deepEqual((await store.checkConsistency(meshId, 0, 1_000)).findings, []);
    };
    await Promise.all([accepting(), removing(), checking()]);
    assert.ok(checks > 0);
    assert.equal((await store.log(meshId)).head, 4 * batches);
  });

  it("finds no fault with its own work, and every planted one", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob } = under;
    await store.accept(meshId, [item(meshId, alice, bob, { mentions: [bob.memberId] })], 2);
    await expire(under, 5);
    for (let n = 0; n < 5; n += 1)
      await store.accept(meshId, [item(meshId, alice, bob, { mentions: [bob.memberId] })], 10);
    await store.accept(meshId, [item(meshId, alice, bob, { mentions: [bob.memberId] })], 30);
    const check = async (from = 0, limit = 100) => await store.checkConsistency(meshId, from, limit);
    assert.deepEqual(await check(), { findings: [], next: null });
    assert.equal((await check(0, 4)).next, 4);
    await under.tamper(`DELETE FROM message_queue WHERE seq = 3`);
    await under.tamper(`DELETE FROM client_message_dedupe WHERE seq = 5`);
    await under.tamper(`DELETE FROM mention_index WHERE seq = 6`);
    await under.tamper(
      `INSERT INTO delivery_queue (mesh_id, queue, seq, state) VALUES ('${meshId}', 'work', 3, 'ready')`,
    );
    const { findings } = await check();
    assert.deepEqual(findings.map(({ kind, seq }) => `${kind} ${seq}`).sort(), [
      "mention_without_message 3",
      "message_without_record 5",
      "missing_mention 6",
      "queue_row_without_message 3",
      "record_without_message 3",
      "sequence_gap 3",
    ]);
  });
}
