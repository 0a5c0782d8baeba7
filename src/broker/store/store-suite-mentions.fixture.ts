import assert from "node:assert/strict";
import { it } from "node:test";
import { type Identity, newIdentity } from "../testing/peer.ts";
import { accepted, type Bench, item, type On } from "./store-bench.fixture.ts";

/** The suite's part on who is mentioned where. */
export function mentions(on: On): void {
  const send = async (
    { store, meshId }: Bench,
    from: Identity,
    to: Identity | string,
    mentioned: readonly Identity[],
  ) => {
    const sent = item(meshId, from, to, { mentions: mentioned.map(({ memberId }) => memberId).sort() });
    return accepted((await store.accept(meshId, [sent], 10))[0]).seq;
  };
  const found = async ({ store, meshId }: Bench, member: Identity, beforeSeq: number | null = null, limit = 10) =>
    (await store.mentions(meshId, member.memberId, { beforeSeq, limit })).map(({ seq }) => seq);

  it("finds what mentions a member of what it may see: its direct messages, and topics while it was subscribed", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob, now } = under;
    const carol = newIdentity();
    await store.addMember({ mesh_id: meshId, member_id: carol.memberId, name: "carol", role: "member", now });
    await store.createTopic({ mesh_id: meshId, name: "builds", created_by: alice.memberId, now });
    const toBob = await send(under, alice, bob, [bob, carol]);
    await send(under, alice, "#builds", [bob]);
    await store.subscribe(meshId, bob.memberId, "builds", now);
    const within = await send(under, alice, "#builds", [alice, bob]);
    const own = await send(under, bob, "#builds", [bob]);
    await store.unsubscribe(meshId, bob.memberId, "builds", now);
    await send(under, alice, "#builds", [bob]);
    await send(under, alice, carol, [bob]);
    const fromBob = await send(under, bob, carol, [bob]);
    await send(under, alice, "#builds", [alice]);
    assert.deepEqual(await found(under, bob), [fromBob, own, within, toBob]);
    assert.deepEqual(
      [await found(under, bob, null, 2), await found(under, bob, own, 2)],
      [
        [fromBob, own],
        [within, toBob],
      ],
    );
    assert.deepEqual(await found(under, carol), [], "named in what others said to each other");
    const [message] = await store.mentions(meshId, bob.memberId, { beforeSeq: within + 1, limit: 1 });
    assert.match(message?.destination ?? "", /^topic:/);
    assert.equal(
      (await store.mentions(meshId, bob.memberId, { beforeSeq: toBob + 1, limit: 1 }))[0]?.destination,
      "dm",
    );
  });

  it("repairs a damaged index from the envelopes, in chunks, beside what is being accepted", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob, now } = under;
    const carol = newIdentity();
    await store.addMember({ mesh_id: meshId, member_id: carol.memberId, name: "carol", role: "member", now });
    for (let n = 0; n < 12; n += 1) await send(under, alice, bob, n % 3 === 0 ? [] : [bob, carol]);
    const right = await found(under, bob, null, 100);
    await store.expireMessages(meshId, 11, { afterSeq: 0, limit: 2, dryRun: false, now: 11 });
    let [after, untouched]: [number | null, number] = [0, 0];
    for (let chunk = 0; after !== null && chunk < 3; chunk += 1) {
      const [{ added, removed, next }]: [Awaited<ReturnType<typeof store.repairMentions>>, number] = await Promise.all([
        store.repairMentions(meshId, after, { limit: 4, dryRun: false }),
        send(under, alice, bob, [bob]),
      ]);
      untouched += added + removed;
      after = next;
    }
    assert.equal(untouched, 0, "what nobody damaged stays as it is");
    await under.tamper(`DELETE FROM mention_index WHERE seq = 5 OR seq = 6`);
    await under.tamper(`DELETE FROM mention_index WHERE seq = 8 AND member = '${bob.memberId}'`);
    // Of a message that mentions nobody, of nobody who is mentioned, of a removed message, and beyond the log's end.
    for (const [member, seq] of [
      [bob.memberId, 4],
      [alice.memberId, 9],
      [bob.memberId, 1],
      [carol.memberId, 999],
    ] as const)
      await under.tamper(`INSERT INTO mention_index (mesh_id, member, seq) VALUES ('${meshId}', '${member}', ${seq})`);
    const findings = async () =>
      (await store.checkConsistency(meshId, 0, 1_000)).findings.map(({ kind, seq }) => `${kind} ${seq}`).sort();
    const damage = [
      "mention_without_message 1",
      "mention_without_message 999",
      ...["missing_mention 5", "missing_mention 5", "missing_mention 6", "missing_mention 6", "missing_mention 8"],
      "superfluous_mention 4",
      "superfluous_mention 9",
    ];
    assert.deepEqual(await findings(), damage);
    const dry = await store.repairMentions(meshId, 0, { limit: 1_000, dryRun: true });
    assert.deepEqual(dry, { added: 5, removed: 4, next: null });
    assert.deepEqual(await findings(), damage, "a dry run changes nothing");
    const first = await store.repairMentions(meshId, 0, { limit: 4, dryRun: false });
    assert.deepEqual(first, { added: 0, removed: 2, next: 4 });
    assert.equal((await store.repairMentions(meshId, 4, { limit: 4, dryRun: false })).added, 5);
    const last = await store.repairMentions(meshId, 8, { limit: 1_000, dryRun: false });
    assert.deepEqual(last, { added: 0, removed: 2, next: null });
    assert.deepEqual(await findings(), []);
    assert.deepEqual(
      (await found(under, bob, 13, 100)).sort((a, b) => a - b),
      right.filter((seq) => seq > 2).sort((a, b) => a - b),
    );
  });
}
