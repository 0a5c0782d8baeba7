import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { newIdentity } from "../testing/peer.ts";
import { accepted, bench, idsOf, item, kinds, type On, type OpenStore } from "./store-bench.fixture.ts";
import { blobs } from "./store-suite-blobs.fixture.ts";
import { directCallers } from "./store-suite-direct.fixture.ts";
import { fingerprints } from "./store-suite-fingerprints.fixture.ts";
import { hosts } from "./store-suite-hosts.fixture.ts";
import { keys } from "./store-suite-keys.fixture.ts";
import { leaseModel } from "./store-suite-lease-model.fixture.ts";
import { logAndDirectory } from "./store-suite-log.fixture.ts";
import { membership } from "./store-suite-membership.fixture.ts";
import { queues } from "./store-suite-queues.fixture.ts";
import { mentions } from "./store-suite-mentions.fixture.ts";
import { topicsAndCursors } from "./store-suite-topics.fixture.ts";
import { upkeep } from "./store-suite-upkeep.fixture.ts";

/** What every store does, whatever it is made of. Run it on each implementation. */
export function storeSuite(name: string, open: OpenStore): void {
  const on: On = (t, dedupe) => bench(t, open, dedupe);
  describe(`${name}: accepting`, () => accepting(on));
  describe(`${name}: versions of the fingerprint`, () => fingerprints(on));
  describe(`${name}: topics and cursors`, () => topicsAndCursors(on));
  describe(`${name}: queues`, () => queues(on));
  describe(`${name}: leases of a queue`, () => leaseModel(on));
  describe(`${name}: membership`, () => membership(on));
  describe(`${name}: hosts of members`, () => hosts(on));
  describe(`${name}: direct callers`, () => directCallers(on));
  describe(`${name}: blobs`, () => blobs(on));
  describe(`${name}: keys of topics and queues`, () => keys(on));
  describe(`${name}: mentions`, () => mentions(on));
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
    // The same bytes to the same address, and so the same fingerprint: only the sender is another.
    const stolen = item(meshId, bob, bob, { client_message_id: one.envelope.client_message_id });
    assert.deepEqual(stolen.fingerprint, one.fingerprint);
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
    const again = await store.voidIds(meshId, alice.memberId, idsOf([sent, never]), 40);
    assert.deepEqual([...again], [...found]);
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
