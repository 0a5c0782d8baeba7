import assert from "node:assert/strict";
import { it } from "node:test";
import type { EpochRecord } from "../../protocol/epoch.ts";
import { limits } from "../../protocol/limits.ts";
import type { KeyItem } from "../../protocol/membership-frames.ts";
import { newIdentity } from "../testing/peer.ts";
import { epochRecord, epochWrap, handedIn, hex, nextEpoch } from "./epoch.fixture.ts";
import { keyModel } from "./store-suite-key-model.fixture.ts";
import type { Bench, On } from "./store-bench.fixture.ts";

/** The suite's part on keys of topics and queues. */
export function keys(on: On): void {
  keyModel(on);

  it("takes a record with its wraps once, and what is missing of them the second time", async (t) => {
    const { store, meshId, alice, bob, record } = await withTopic(on, t);
    const wraps = [epochWrap(record.epoch_id, alice.memberId), epochWrap(record.epoch_id, bob.memberId)];
    assert.equal(await store.createEpoch(meshId, record, wraps.slice(0, 1), handedIn(5)), true);
    assert.equal(await store.createEpoch(meshId, record, wraps, handedIn(6)), false);
    assert.deepEqual(await store.epoch(meshId, record.epoch_id), record);
    const items = async (memberId: string) =>
      (await store.keysAbove(meshId, memberId, 0, 10)).items.map((item) =>
        item.kind === "wrap" ? item.wrap : item.kind,
      );
    assert.deepEqual(await items(alice.memberId), ["epoch", wraps[0]]);
    assert.deepEqual(await items(bob.memberId), ["epoch", wraps[1]]);
    assert.equal(await store.addWraps(meshId, wraps, handedIn(7)), 0);
  });

  it("takes nothing of what has no place: no destination, none of that name, no parent, another depth", async (t) => {
    const { store, meshId, alice, record, now } = await withTopic(on, t);
    const refusals: [Partial<EpochRecord>, string][] = [
      [{ destination: "topic:01890000-0000-7000-8000-0000000000ff" }, "unknown_destination"],
      [{ name: "other" }, "unknown_destination"],
      [{ destination: "queue:builds" }, "unknown_destination"],
      [{ parent: hex(), depth: 1 }, "not_found"],
    ];
    for (const [fields, code] of refusals)
      await assert.rejects(
        store.createEpoch(meshId, { ...record, ...fields }, [], handedIn(now)),
        { code },
        JSON.stringify(fields),
      );
    await store.createEpoch(meshId, record, [], handedIn(now));
    const child = nextEpoch(record);
    await assert.rejects(store.createEpoch(meshId, { ...child, depth: 2 }, [], handedIn(now)), {
      code: "invalid_field",
    });
    await store.createQueue({ mesh_id: meshId, name: "jobs", created_by: alice.memberId, deliveries_max: 5, now });
    const elsewhere = { ...child, destination: "queue:jobs", name: "jobs", depth: 1 };
    await assert.rejects(
      store.createEpoch(meshId, elsewhere, [], handedIn(now)),
      { code: "not_found" },
      "a topic's parent",
    );
    assert.equal((await store.keysAbove(meshId, alice.memberId, 0, 10)).items.length, 1);
  });

  it("takes so many epochs that follow one, and no more; what was there already is taken all the same", async (t) => {
    const { store, meshId, record, now } = await withTopic(on, t);
    await store.createEpoch(meshId, record, [], handedIn(now));
    const sibling = () => nextEpoch(record);
    const last = sibling();
    for (let n = 1; n < limits.epochSiblingsMax; n += 1) await store.createEpoch(meshId, sibling(), [], handedIn(now));
    assert.equal(await store.createEpoch(meshId, last, [], handedIn(now)), true);
    await assert.rejects(store.createEpoch(meshId, sibling(), [], handedIn(now)), { code: "too_many_epochs" });
    assert.equal(await store.createEpoch(meshId, last, [], handedIn(now)), false);
    assert.equal(await store.createEpoch(meshId, nextEpoch(last), [], handedIn(now)), true);
  });

  it("keeps no wrap for who may not use the destination, nor of an epoch that is not there", async (t) => {
    const { store, meshId, alice, bob, record, now } = await withTopic(on, t);
    const carol = newIdentity();
    await store.addMember({ mesh_id: meshId, member_id: carol.memberId, name: "carol", role: "member", now });
    await store.createEpoch(meshId, record, [], handedIn(now));
    const given = [
      epochWrap(record.epoch_id, carol.memberId),
      epochWrap(record.epoch_id, newIdentity().memberId),
      epochWrap(hex(), alice.memberId),
      epochWrap(record.epoch_id, bob.memberId),
      epochWrap(record.epoch_id, bob.memberId, hex()),
    ];
    assert.equal(await store.addWraps(meshId, given, handedIn(now)), 2);
    assert.deepEqual(await store.keysAbove(meshId, carol.memberId, 0, 10), { items: [], through: 3, more: false });
  });

  it("keeps so many wraps of one epoch for one member, whoever sends them", async (t) => {
    const { store, meshId, alice, record, now } = await withTopic(on, t);
    await store.createEpoch(meshId, record, [], handedIn(now));
    const given = Array.from({ length: 40 }, () => epochWrap(record.epoch_id, alice.memberId, hex()));
    assert.equal(await store.addWraps(meshId, given, handedIn(now)), limits.wrapsPerMemberMax);
  });

  it("shows a member of a topic with history from joining only the newest key, and what was made since it came", async (t) => {
    const { store, meshId, alice, bob, record, now } = await withTopic(on, t);
    await store.unsubscribe(meshId, bob.memberId, "builds", now);
    const chain: EpochRecord[] = [{ ...record, history: "joined" }];
    for (let n = 1; n < 4; n += 1) chain.push(nextEpoch(chain.at(-1) ?? record));
    const create = async (one: EpochRecord | undefined) => {
      assert.ok(one !== undefined);
      await store.createEpoch(meshId, one, [epochWrap(one.epoch_id, alice.memberId)], handedIn(now));
    };
    for (const one of chain.slice(0, 2)) await create(one);
    await store.subscribe(meshId, bob.memberId, "builds", now);
    const wanted = async () =>
      (await store.wantedWraps(meshId, alice.memberId, 10)).wanted.map(({ epoch_id }) =>
        chain.findIndex((one) => one.epoch_id === epoch_id),
      );
    assert.deepEqual(await wanted(), [1]);
    for (const one of chain.slice(2)) await create(one);
    assert.deepEqual((await wanted()).sort(), [2, 3]);
    await create(nextEpoch(chain[3] ?? record, { history: "all" }));
    assert.equal((await wanted()).length, 5);
    assert.deepEqual(await store.wantedWraps(meshId, bob.memberId, 10), { wanted: [], more: false });
  });

  it("names who holds a key that somebody lacks, of those that are asked about, and nobody when none is lacking", async (t) => {
    const { store, meshId, alice, bob, record, now } = await withTopic(on, t);
    const all = [alice.memberId, bob.memberId];
    const holders = (among = all) => store.keyHolders(meshId, record.destination, among, 3);
    await store.createEpoch(meshId, record, [epochWrap(record.epoch_id, alice.memberId)], handedIn(now));
    assert.deepEqual([await holders(), await holders([bob.memberId])], [[alice.memberId], []]);
    assert.deepEqual(await store.keysLacked(meshId, bob.memberId, 10), [record.destination]);
    assert.deepEqual(await store.keysLacked(meshId, alice.memberId, 10), []);
    await store.addWraps(meshId, [epochWrap(record.epoch_id, bob.memberId)], handedIn(now));
    assert.deepEqual([await holders(), await store.keysLacked(meshId, bob.memberId, 10)], [[], []]);
  });

  it("tells what changed above a number, by whom it concerns, in parts", async (t) => {
    const { store, meshId, alice, bob, record, now } = await withTopic(on, t);
    await store.createQueue({ mesh_id: meshId, name: "jobs", created_by: alice.memberId, deliveries_max: 5, now });
    const jobs = epochRecord(meshId, { destination: "queue:jobs", name: "jobs", created_by: alice.memberId });
    await store.createEpoch(meshId, record, [epochWrap(record.epoch_id, alice.memberId)], handedIn(now));
    await store.createEpoch(meshId, jobs, [], handedIn(now));
    await store.unsubscribe(meshId, bob.memberId, "builds", now);
    const { destination } = record;
    const expected = [
      { destination, member_id: alice.memberId, lacking: false, key_seq: 2 },
      { destination: "queue:jobs", member_id: null, lacking: true, key_seq: 3 },
      { destination, member_id: null, lacking: true, key_seq: 4 },
    ];
    assert.deepEqual(await store.keyChanges(meshId, 0, 10), expected);
    assert.deepEqual(await store.keyChanges(meshId, 0, 2), expected.slice(0, 2));
    assert.deepEqual(await store.keyChanges(meshId, 3, 10), [{ ...expected[2], lacking: false }]);
    await store.subscribe(meshId, bob.memberId, "builds", now);
    const came = { destination, member_id: bob.memberId, lacking: true, key_seq: 5 };
    assert.deepEqual(await store.keyChanges(meshId, 4, 10), [came]);
    assert.equal(await store.keyHead(meshId), 8);
  });

  it("keeps wraps of the key that the chain says a member has, and lacks them again when that is another", async (t) => {
    const { store, meshId, alice, bob, record, now } = await withTopic(on, t);
    const keyed = async (previous: string | null, x25519: string, n: number) => {
      const hash = hex();
      const effects = [{ kind: "member_keys", member_id: bob.memberId, x25519_pubkey: x25519 } as const];
      assert.ok(await store.appendMembership(meshId, { n, hash, previous, text: "{}", effects }, now));
      return hash;
    };
    const [old, present] = [hex(), hex()];
    const hash = await keyed(null, old, 0);
    const given = [epochWrap(record.epoch_id, alice.memberId), epochWrap(record.epoch_id, bob.memberId, old)];
    await store.createEpoch(meshId, record, given, handedIn(now));
    const wanted = async () =>
      (await store.wantedWraps(meshId, alice.memberId, 10)).wanted.map(({ member_id }) => member_id);
    assert.deepEqual(await wanted(), []);
    await keyed(hash, present, 1);
    assert.deepEqual(
      [await wanted(), await store.keysLacked(meshId, bob.memberId, 9)],
      [[bob.memberId], [record.destination]],
    );
    const strange = [epochWrap(record.epoch_id, bob.memberId, hex()), epochWrap(record.epoch_id, bob.memberId, old)];
    assert.equal(await store.addWraps(meshId, strange, handedIn(now)), 0);
    assert.equal(await store.addWraps(meshId, [epochWrap(record.epoch_id, bob.memberId, present)], handedIn(now)), 1);
    assert.deepEqual([await wanted(), await store.keysLacked(meshId, bob.memberId, 9)], [[], []]);
  });

  it("tells a member that is limited nothing of another queue's keys, and all of it when it may use it again", async (t) => {
    const { store, meshId, alice, bob, now } = await withTopic(on, t);
    await store.createQueue({ mesh_id: meshId, name: "jobs", created_by: alice.memberId, deliveries_max: 5, now });
    const jobs = epochRecord(meshId, { destination: "queue:jobs", name: "jobs", created_by: alice.memberId });
    await store.createEpoch(
      meshId,
      jobs,
      [epochWrap(jobs.epoch_id, alice.memberId), epochWrap(jobs.epoch_id, bob.memberId)],
      handedIn(now),
    );
    const limit = async (previous: string | null, n: number, destinations: readonly string[] | null) => {
      const hash = hex();
      const effects = [{ kind: "member_limited", member_id: bob.memberId, destinations } as const];
      assert.ok(await store.appendMembership(meshId, { n, hash, previous, text: "{}", effects }, now));
      return hash;
    };
    const kinds = async (memberId: string, after: number) =>
      (await store.keysAbove(meshId, memberId, after, 10)).items.map(({ kind }) => kind);
    const hash = await limit(null, 0, ["queue:other"]);
    const after = await store.keyHead(meshId);
    assert.deepEqual(
      [await kinds(bob.memberId, 0), await kinds(alice.memberId, 0)],
      [[], ["epoch", "wrap", "departed"]],
    );
    assert.deepEqual(await store.destinationUsers(meshId, "queue:jobs", [alice.memberId, bob.memberId]), [
      alice.memberId,
    ]);
    await limit(hash, 1, ["queue:jobs"]);
    assert.deepEqual(await kinds(bob.memberId, after), ["epoch", "departed", "wrap"]);
    assert.deepEqual(await kinds(alice.memberId, after), []);
  });

  it("keeps the keys of a mesh apart from another's, and loses them with it", async (t) => {
    const { store, meshId, alice, record, now } = await withTopic(on, t);
    await store.createEpoch(meshId, record, [epochWrap(record.epoch_id, alice.memberId)], handedIn(now));
    const other = await store.createMesh({ mesh_id: "01890000-0000-7000-8000-00000000000b", slug: "other", now });
    await store.addMember({ mesh_id: other.mesh_id, member_id: alice.memberId, name: "alice", role: "member", now });
    assert.equal(await store.epoch(other.mesh_id, record.epoch_id), null);
    await assert.rejects(store.createEpoch(other.mesh_id, record, [], handedIn(now)), { code: "unknown_destination" });
    assert.deepEqual(await store.keysAbove(other.mesh_id, alice.memberId, 0, 10), {
      items: [],
      through: 0,
      more: false,
    });
    await store.deleteMesh(meshId);
    assert.deepEqual([await store.keyHead(meshId), await store.epoch(meshId, record.epoch_id)], [0, null]);
    await assert.rejects(store.createEpoch(meshId, record, [], handedIn(now)), { code: "not_found" });
  });

  it("has after a restart what it was given, and counts on", async (t) => {
    const under = await withTopic(on, t);
    const { meshId, alice, record, now } = under;
    await under.store.createEpoch(meshId, record, [epochWrap(record.epoch_id, alice.memberId)], handedIn(now));
    const store = await under.reopen();
    const before = await store.keysAbove(meshId, alice.memberId, 0, 10);
    assert.deepEqual(
      before.items.map(({ key_seq }: KeyItem) => key_seq),
      [1, 2],
    );
    await store.addWraps(meshId, [epochWrap(record.epoch_id, alice.memberId, hex())], handedIn(now));
    assert.equal((await store.keysAbove(meshId, alice.memberId, before.through, 10)).items[0]?.key_seq, 3);
  });
}

/** Alice and bob in the topic `builds`, and a first record for it. */
async function withTopic(on: On, t: Parameters<On>[0]): Promise<Bench & { readonly record: EpochRecord }> {
  const under = await on(t);
  const { store, meshId, alice, bob, now } = under;
  const { topic_id } = await store.createTopic({ mesh_id: meshId, name: "builds", created_by: alice.memberId, now });
  await store.subscribe(meshId, bob.memberId, "builds", now);
  const record = epochRecord(meshId, {
    destination: `topic:${topic_id}`,
    name: "builds",
    created_by: alice.memberId,
  });
  return { ...under, record };
}
