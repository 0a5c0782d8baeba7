import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { signEpochRecord } from "../../protocol/epoch.ts";
import { limits } from "../../protocol/limits.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { defaultBrokerLimits } from "../broker-limits.ts";
import { epochWrap } from "../store/epoch.fixture.ts";
import { beginChainOf, newMemberOf } from "../testing/chain.ts";
import { epochsOf } from "../testing/epochs.ts";
import { brokerFixture } from "../testing/fixture.ts";
import { newIdentity, type Peer } from "../testing/peer.ts";
import { sealMesh } from "../testing/sealed-mesh.ts";

/** A broker with alice, who made the topic `builds`, and bob, who is not in it. */
async function withTopic(t: TestContext, options: Parameters<typeof brokerFixture>[1] = {}) {
  const fixture = await brokerFixture(t, options);
  const mesh = await sealMesh(fixture);
  const { signed: signedEpoch, wraps: wrapsFor } = epochsOf(mesh.chain);
  const [alice, bob] = [await mesh.admit("alice"), await mesh.admit("bob")];
  const [first, second] = [await fixture.connect(alice), await fixture.connect(bob)];
  const { topic_id } = await first.request<"topic_create">({ type: "topic_create", name: "builds" });
  const place = { destination: `topic:${topic_id}`, name: "builds" };
  return { fixture, mesh, signedEpoch, wrapsFor, alice, bob, first, second, place };
}

const create = (peer: Peer, record: unknown, wraps: readonly unknown[] = []) =>
  peer.request<"epoch_create">({ type: "epoch_create", record, wraps } as never);
const keysOf = (peer: Peer, after = 0) => peer.request<"keys">({ type: "keys", after });
const join = (peer: Peer) => peer.request<"subscribe">({ type: "subscribe", topic: "builds" });

/** `event destination` of what a peer has been told of keys so far, with all that was sent before it asked. */
async function told(peer: Peer): Promise<string[]> {
  await peer.request<"members">({ type: "members" });
  return peer.frames.flatMap((frame) =>
    frame.type === "event" && (frame.event === "keys_changed" || frame.event === "keys_wanted")
      ? [`${frame.event} ${frame.destination}`]
      : [],
  );
}

/** Resolves when the peer has been told. */
const hears = (peer: Peer, event: "keys_changed" | "keys_wanted", destination: string) =>
  peer.next(
    (frame): frame is Extract<typeof frame, { event: "keys_changed" | "keys_wanted" }> =>
      frame.type === "event" && frame.event === event && frame.destination === destination,
  );

test("a key is handed on by link from who made it to who lacks it, and each finds its own wrap", async (t) => {
  const { signedEpoch, wrapsFor, alice, bob, first, second, place } = await withTopic(t);
  const record = signedEpoch(alice, place);
  const [own] = wrapsFor(record, alice);
  assert.deepEqual(await create(first, record, [own]), { created: true });
  assert.deepEqual(await create(first, record, [own]), { created: false });
  await join(second);
  await hears(first, "keys_wanted", place.destination);
  await hears(second, "keys_changed", place.destination);
  const { wanted, more } = await first.request<"keys_wanted">({ type: "keys_wanted" });
  assert.deepEqual(
    [wanted, more],
    [[{ epoch_id: record.epoch_id, destination: place.destination, member_id: bob.memberId }], false],
  );
  const before = await keysOf(second);
  assert.deepEqual(
    before.items.map((item) => item.kind === "epoch" && item.record),
    [record],
  );
  const wraps = wrapsFor(record, bob);
  assert.deepEqual(await first.request<"epoch_wraps">({ type: "epoch_wraps", wraps }), { stored: 1 });
  const { items, next_after } = await keysOf(second, before.through);
  assert.deepEqual(
    items.map((item) => item.kind === "wrap" && item.wrap),
    wraps,
  );
  assert.equal(next_after, null);
  const changes = async (peer: Peer) => (await told(peer)).filter((one) => one.startsWith("keys_changed")).length;
  while ((await changes(second)) < 2);
  assert.equal(await changes(first), 1, "another's wrap is no news to who has the key");
  assert.deepEqual(await first.request<"keys_wanted">({ type: "keys_wanted" }), { wanted: [], more: false });
});

test("who may not use a topic learns nothing of its keys, and hands none in", async (t) => {
  const { signedEpoch, wrapsFor, alice, bob, first, second, place } = await withTopic(t);
  const record = signedEpoch(alice, place);
  await create(first, record, wrapsFor(record, alice, bob));
  await hears(first, "keys_changed", place.destination);
  assert.deepEqual((await keysOf(second)).items, []);
  assert.deepEqual(await told(second), []);
  assert.deepEqual(await second.request<"keys_wanted">({ type: "keys_wanted" }), { wanted: [], more: false });
  await assert.rejects(create(second, signedEpoch(bob, place)), /not_subscribed/);
  const wraps = wrapsFor(record, alice);
  await assert.rejects(second.request<"epoch_wraps">({ type: "epoch_wraps", wraps }), /not_subscribed/);
  await join(second);
  assert.equal((await keysOf(second)).items.length, 1, "the wrap that came before it was entitled was not kept");
  await second.request<"unsubscribe">({ type: "unsubscribe", topic: "builds" });
  assert.deepEqual((await keysOf(second)).items, []);
});

test("that somebody left a topic with keys is told to who stays", async (t) => {
  const { signedEpoch, wrapsFor, alice, bob, first, second, place } = await withTopic(t);
  await join(second);
  const record = signedEpoch(alice, place);
  await create(first, record, wrapsFor(record, alice, bob));
  const { through } = await keysOf(first);
  await second.request<"unsubscribe">({ type: "unsubscribe", topic: "builds" });
  const { items } = await keysOf(first, through);
  const departed = { kind: "departed", destination: place.destination, member_id: bob.memberId };
  assert.deepEqual(items, [{ key_seq: through + 1, ...departed }]);
  while ((await told(first)).length < 2);
  assert.deepEqual(await told(first), Array(2).fill(`keys_changed ${place.destination}`));
});

test("every member of the mesh may have the keys of a queue, and one that comes is wrapped for when its link opens", async (t) => {
  const { fixture, mesh, signedEpoch, wrapsFor, alice, first, second } = await withTopic(t);
  await first.request<"queue_create">({ type: "queue_create", name: "jobs", deliveries_max: 5 });
  const record = signedEpoch(alice, { destination: "queue:jobs", name: "jobs" });
  await create(first, record, wrapsFor(record, alice));
  await hears(second, "keys_changed", "queue:jobs");
  const before = (await told(first)).length;
  const carol = await mesh.admit("carol");
  const third = await fixture.connect(carol);
  while ((await told(first)).length === before);
  assert.equal((await told(first)).at(-1), "keys_wanted queue:jobs");
  const { wanted } = await first.request<"keys_wanted">({ type: "keys_wanted" });
  assert.ok(wanted.some(({ member_id }) => member_id === carol.memberId));
  assert.equal((await keysOf(third)).items.length, 1);
  assert.deepEqual(await told(second).then((all) => all.filter((one) => one.startsWith("keys_wanted"))), []);
});

test("no more than three who have a key are asked for it", async (t) => {
  const { fixture, mesh, signedEpoch, wrapsFor, alice, bob, first, second, place } = await withTopic(t);
  const more = [];
  for (const name of ["carol", "dave", "erin", "frank"]) {
    const identity = await mesh.admit(name);
    const peer = await fixture.connect(identity);
    await join(peer);
    more.push({ identity, peer });
  }
  const record = signedEpoch(alice, place);
  const holders = [alice, ...more.map(({ identity }) => identity)];
  await create(first, record, wrapsFor(record, ...holders));
  await join(second);
  await hears(second, "keys_changed", place.destination);
  // The answer to a link that opens comes after everything that was told before.
  await (await fixture.connect(bob, { hello: { instance_id: "again" } })).request<"members">({ type: "members" });
  let asked = 0;
  for (const peer of [first, ...more.map((one) => one.peer)])
    if ((await told(peer)).some((one) => one.startsWith("keys_wanted"))) asked += 1;
  assert.equal(asked, defaultBrokerLimits.keyHoldersAskedMax);
});

test("what is not as it must be is refused, and nothing of it is stored", async (t) => {
  const { signedEpoch, wrapsFor, alice, first, place } = await withTopic(t);
  const record = signedEpoch(alice, place);
  const other = "01890000-0000-7000-8000-0000000000ff";
  const hex = "ab".repeat(32);
  const cases: readonly (readonly [unknown, readonly unknown[], RegExp])[] = [
    [{ ...record, depth: 3 }, [], /invalid_field/],
    [{}, [], /invalid_field/],
    [{ ...record, name: "__proto__" }, [], /invalid_field/],
    [record, [{ ...wrapsFor(record, alice)[0], sealed: "x" }], /invalid_field/],
    [record, wrapsFor({ ...record, epoch_id: hex }, alice), /invalid_field/],
    [signedEpoch(alice, { ...place, mesh_id: other }), [], /invalid_field/],
    [{ ...record, history: "joined" }, [], /auth_failed/],
    [signedEpoch(alice, { ...place, name: "all" }), [], /unknown_destination/],
    [signedEpoch(alice, { destination: "queue:none", name: "none" }), [], /unknown_destination/],
    [signedEpoch(alice, { destination: `topic:${other}`, name: "builds" }), [], /not_subscribed/],
    [signedEpoch(alice, { ...place, parent: hex, depth: 1 }), [], /not_found/],
  ];
  for (const [given, wraps, refusal] of cases) await assert.rejects(create(first, given, wraps), refusal);
  assert.deepEqual(await keysOf(first), { items: [], through: 0, next_after: null, log_epoch: 1 });
});

test("so many keys follow one, and no more", async (t) => {
  const { signedEpoch, alice, first, place } = await withTopic(t);
  for (let n = 0; n < limits.epochSiblingsMax; n += 1) await create(first, signedEpoch(alice, place));
  await assert.rejects(create(first, signedEpoch(alice, place)), /too_many_epochs/);
});

test("more than a frame holds is told page by page", async (t) => {
  const { signedEpoch, wrapsFor, alice, first, place } = await withTopic(t, {
    limits: { frameItemsMax: 3 },
  });
  let parent = signedEpoch(alice, place);
  for (let n = 0; n < 4; n += 1) {
    await create(first, parent, wrapsFor(parent, alice));
    parent = signedEpoch(alice, { ...place, parent: parent.epoch_id, depth: parent.depth + 1 });
  }
  const numbers: number[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page: Awaited<ReturnType<typeof keysOf>> = await keysOf(first, after);
    numbers.push(...page.items.map(({ key_seq }) => key_seq));
    assert.equal(page.through, page.items.at(-1)?.key_seq);
    after = page.next_after;
  }
  assert.deepEqual(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
});

test("a daemon is told how many keys may be made beside each other", async (t) => {
  const { first } = await withTopic(t);
  assert.deepEqual(first.ack.features.supported["key_epoch"]?.params, { max_concurrent_epochs: 16, version: 1 });
});

test("in a mesh that has a chain, a key is signed by its maker's key in use, under a head of the chain", async (t) => {
  const fixture = await brokerFixture(t);
  const { meshId } = fixture;
  const owner = newIdentity();
  const chain = beginChainOf(meshId, owner, rfc3339(fixture.clock.now()));
  const { signed: signedEpoch } = epochsOf(chain);
  await fixture.admin("POST", `/v1/meshes/${meshId}/membership`, { entries: chain.entries });
  const peer = await fixture.connect(owner);
  await peer.request<"queue_create">({ type: "queue_create", name: "jobs", deliveries_max: 5 });
  const place = { destination: "queue:jobs", name: "jobs", membership_head: chain.state().head };
  await assert.rejects(
    create(peer, signedEpoch(owner, { ...place, membership_head: "ab".repeat(32) })),
    /membership_moved/,
  );
  const other = newIdentity();
  const { signature: _, ...unsigned } = signedEpoch(owner, { ...place, key_id: other.memberId });
  await assert.rejects(create(peer, signEpochRecord(unsigned, other.privateKey)), /auth_failed/);
  const record = signedEpoch(owner, place);
  await create(peer, record, [
    epochWrap(record.epoch_id, owner.memberId, chain.state().members.get(owner.memberId)?.keys[0]?.x25519 ?? ""),
  ]);
  const { items } = await keysOf(peer);
  assert.deepEqual(
    items.map(({ kind }) => kind),
    ["epoch", "wrap"],
  );
  const bob = newIdentity();
  const append = (entry: unknown) => peer.request<"membership_append">({ type: "membership_append", entry } as never);
  await append(chain.add(owner, { kind: "admit", member: newMemberOf(meshId, bob, "bob"), role: "member" }));
  const second = await fixture.connect(bob);
  await hears(peer, "keys_wanted", "queue:jobs");
  assert.equal((await keysOf(second)).items.length, 1);
  await append(chain.add(owner, { kind: "grants", member_id: bob.memberId, destinations: [] }));
  assert.deepEqual((await keysOf(second)).items, []);
  await assert.rejects(
    create(second, signedEpoch(bob, { ...place, membership_head: chain.state().head })),
    /not_subscribed/,
  );
});

test("a wrap that does not open is taken away at its member's word, and another is asked of those who did not make it", async (t) => {
  const { mesh, signedEpoch, wrapsFor, alice, bob, first, second, place, fixture } = await withTopic(t);
  const eve = await mesh.admit("eve");
  const third = await fixture.connect(eve);
  await join(third);
  const record = signedEpoch(alice, place);
  await create(first, record, wrapsFor(record, alice, eve));
  await join(second);
  const [bad] = wrapsFor(record, bob);
  assert.ok(bad !== undefined);
  await third.request<"epoch_wraps">({ type: "epoch_wraps", wraps: [bad] });
  const { epoch_id, sealed_to } = bad;
  const refuse = (peer: Peer, to = sealed_to) =>
    peer.request<"wrap_refused">({ type: "wrap_refused", epoch_id, sealed_to: to });
  const wantedOf = async (peer: Peer) =>
    (await peer.request<"keys_wanted">({ type: "keys_wanted" })).wanted.map(({ member_id }) => member_id);
  assert.deepEqual(await wantedOf(first), []);
  assert.deepEqual([await refuse(first), await refuse(second, "ab".repeat(32))], [{ taken: false }, { taken: false }]);
  const before = (await told(first)).length;
  const heldBefore = (await told(third)).length;
  assert.deepEqual(await refuse(second), { taken: true });
  while (!(await told(first)).slice(before).includes(`keys_wanted ${place.destination}`));
  assert.deepEqual(await refuse(second), { taken: false });
  assert.deepEqual((await told(third)).slice(heldBefore), [], "its maker is not asked for another");
  assert.deepEqual([await wantedOf(first), await wantedOf(third)], [[bob.memberId], []]);
  const again = wrapsFor(record, bob);
  assert.deepEqual(await third.request<"epoch_wraps">({ type: "epoch_wraps", wraps: again }), { stored: 0 });
  assert.deepEqual(await create(third, record, again), { created: false });
  assert.deepEqual(await wantedOf(first), [bob.memberId]);
  assert.deepEqual(await first.request<"epoch_wraps">({ type: "epoch_wraps", wraps: again }), { stored: 1 });
  const kept = (await keysOf(second)).items.flatMap((item) => (item.kind === "wrap" ? [item.wrap] : []));
  assert.deepEqual(kept, again);
});

test("one member makes so many keys of a topic in an hour by the broker's clock, and others make theirs all the same", async (t) => {
  const { fixture, signedEpoch, alice, bob, first, second, place } = await withTopic(t);
  await join(second);
  let parent = signedEpoch(alice, place);
  const next = (maker = alice) =>
    signedEpoch(maker, { ...place, parent: parent.epoch_id, depth: parent.depth + 1, at: "2020-01-01T00:00:00.000Z" });
  await create(first, parent);
  for (let n = 1; n < limits.memberEpochsPerHourMax; n += 1) {
    fixture.clock.advance(1_000);
    const record = next();
    await create(first, record);
    parent = record;
  }
  await assert.rejects(create(first, next()), /rate_limited/);
  await assert.rejects(create(second, next()), /rate_limited/, "what it made counts, whoever hands it in");
  assert.deepEqual(await create(first, parent), { created: false });
  assert.deepEqual(await create(second, next(bob)), { created: true });
  await first.request<"queue_create">({ type: "queue_create", name: "jobs", deliveries_max: 5 });
  await create(first, signedEpoch(alice, { destination: "queue:jobs", name: "jobs" }));
  fixture.clock.advance(3_600_000 - (limits.memberEpochsPerHourMax - 1) * 1_000);
  // Links do not outlive such a silence.
  const later = await fixture.connect(alice, { hello: { instance_id: "later" } });
  assert.deepEqual(await create(later, next()), { created: true });
  await assert.rejects(create(later, next()), /rate_limited/);
});

test("a mesh without a membership takes no keys", async (t) => {
  const fixture = await brokerFixture(t);
  const alice = await fixture.member("alice");
  const peer = await fixture.connect(alice);
  const { topic_id } = await peer.request<"topic_create">({ type: "topic_create", name: "builds" });
  const { signed } = epochsOf(beginChainOf(fixture.meshId, alice, rfc3339(fixture.clock.now())));
  const record = signed(alice, { destination: `topic:${topic_id}`, name: "builds" });
  await assert.rejects(create(peer, record), /mesh_unsealed/);
  assert.equal((await keysOf(peer)).through, 0);
});

test("only an owner or admin gives a key another history than the one before, by its role then and now", async (t) => {
  const { mesh, signedEpoch, alice, first, place } = await withTopic(t);
  await mesh.ownerLink.request<"subscribe">({ type: "subscribe", topic: "builds" });
  const root = signedEpoch(alice, { ...place, history: "joined" });
  await create(first, root);
  const after = { ...place, parent: root.epoch_id, depth: 1 };
  await assert.rejects(create(first, signedEpoch(alice, { ...after, history: "all" })), /not_allowed/);
  await assert.rejects(create(first, signedEpoch(alice, { ...place, history: "all" })), /too_many_epochs/);
  assert.deepEqual(await create(first, signedEpoch(alice, { ...after, history: "joined" })), { created: true });
  assert.deepEqual(await create(first, root), { created: false });
  await mesh.add(mesh.owner, { kind: "role", member_id: alice.memberId, role: "admin" });
  const asAdmin = signedEpoch(alice, { ...after, history: "all" });
  await mesh.add(mesh.owner, { kind: "role", member_id: alice.memberId, role: "member" });
  await assert.rejects(create(first, asAdmin), /not_allowed/, "by a head of the time when it was one");
  assert.deepEqual(await create(mesh.ownerLink, asAdmin), { created: true }, "handed in again by somebody else");
  assert.deepEqual(await create(mesh.ownerLink, signedEpoch(mesh.owner, { ...after, history: "all" })), {
    created: true,
  });
});

test("what a member made is taken of any other that may use the topic, and what the broker lost is named to who has it", async (t) => {
  const { mesh, signedEpoch, wrapsFor, alice, bob, first, second, place, fixture } = await withTopic(t);
  await join(second);
  const record = signedEpoch(alice, place);
  const held = async (peer: Peer, ...ids: string[]) =>
    (await peer.request<"keys_held">({ type: "keys_held", epoch_ids: ids })).lacking;
  assert.deepEqual(await held(second, record.epoch_id), [record.epoch_id]);
  const carol = await fixture.connect(await mesh.admit("carol"));
  await assert.rejects(create(carol, record), /not_subscribed/);
  assert.deepEqual(await create(second, record, wrapsFor(record, bob)), { created: true });
  const none = "ab".repeat(32);
  assert.deepEqual(await held(second, none, record.epoch_id), [none]);
  assert.deepEqual(await held(first, record.epoch_id), [record.epoch_id], "its own wrap is not there");
  assert.deepEqual(await create(first, record, wrapsFor(record, alice)), { created: false });
  assert.deepEqual(await held(first, record.epoch_id), []);
});
