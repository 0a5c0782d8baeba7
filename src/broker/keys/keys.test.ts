import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { signEpochRecord } from "../../protocol/epoch.ts";
import { limits } from "../../protocol/limits.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { defaultBrokerLimits } from "../broker-limits.ts";
import { epochWrap } from "../store/epoch.fixture.ts";
import { beginChainOf, newMemberOf } from "../testing/chain.ts";
import { signedEpoch, wrapsFor } from "../testing/epochs.ts";
import { brokerFixture } from "../testing/fixture.ts";
import { newIdentity, type Peer } from "../testing/peer.ts";

/** A broker with alice, who made the topic `builds`, and bob, who is not in it. */
async function withTopic(t: TestContext, options: Parameters<typeof brokerFixture>[1] = {}) {
  const fixture = await brokerFixture(t, options);
  const [alice, bob] = [await fixture.member("alice"), await fixture.member("bob")];
  const [first, second] = [await fixture.connect(alice), await fixture.connect(bob)];
  const { topic_id } = await first.request<"topic_create">({ type: "topic_create", name: "builds" });
  const place = { destination: `topic:${topic_id}`, name: "builds" };
  return { fixture, alice, bob, first, second, place };
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
  const { fixture, alice, bob, first, second, place } = await withTopic(t);
  const record = signedEpoch(fixture.meshId, alice, place);
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
  const { fixture, alice, bob, first, second, place } = await withTopic(t);
  const record = signedEpoch(fixture.meshId, alice, place);
  await create(first, record, wrapsFor(record, alice, bob));
  await hears(first, "keys_changed", place.destination);
  assert.deepEqual((await keysOf(second)).items, []);
  assert.deepEqual(await told(second), []);
  assert.deepEqual(await second.request<"keys_wanted">({ type: "keys_wanted" }), { wanted: [], more: false });
  await assert.rejects(create(second, signedEpoch(fixture.meshId, bob, place)), /not_subscribed/);
  const wraps = wrapsFor(record, alice);
  await assert.rejects(second.request<"epoch_wraps">({ type: "epoch_wraps", wraps }), /not_subscribed/);
  await join(second);
  assert.equal((await keysOf(second)).items.length, 1, "the wrap that came before it was entitled was not kept");
  await second.request<"unsubscribe">({ type: "unsubscribe", topic: "builds" });
  assert.deepEqual((await keysOf(second)).items, []);
});

test("that somebody left a topic with keys is told to who stays", async (t) => {
  const { fixture, alice, bob, first, second, place } = await withTopic(t);
  await join(second);
  const record = signedEpoch(fixture.meshId, alice, place);
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
  const { fixture, alice, first, second } = await withTopic(t);
  await first.request<"queue_create">({ type: "queue_create", name: "jobs", deliveries_max: 5 });
  const record = signedEpoch(fixture.meshId, alice, { destination: "queue:jobs", name: "jobs" });
  await create(first, record, wrapsFor(record, alice));
  await hears(second, "keys_changed", "queue:jobs");
  const before = (await told(first)).length;
  const carol = await fixture.member("carol");
  const third = await fixture.connect(carol);
  while ((await told(first)).length === before);
  assert.equal((await told(first)).at(-1), "keys_wanted queue:jobs");
  const { wanted } = await first.request<"keys_wanted">({ type: "keys_wanted" });
  assert.ok(wanted.some(({ member_id }) => member_id === carol.memberId));
  assert.equal((await keysOf(third)).items.length, 1);
  assert.deepEqual(await told(second).then((all) => all.filter((one) => one.startsWith("keys_wanted"))), []);
});

test("no more than three who have a key are asked for it", async (t) => {
  const { fixture, alice, bob, first, second, place } = await withTopic(t);
  const more = [];
  for (const name of ["carol", "dave", "erin", "frank"]) {
    const identity = await fixture.member(name);
    const peer = await fixture.connect(identity);
    await join(peer);
    more.push({ identity, peer });
  }
  const record = signedEpoch(fixture.meshId, alice, place);
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
  const { fixture, alice, bob, first, place } = await withTopic(t);
  const record = signedEpoch(fixture.meshId, alice, place);
  const other = "01890000-0000-7000-8000-0000000000ff";
  const hex = "ab".repeat(32);
  const cases: readonly (readonly [unknown, readonly unknown[], RegExp])[] = [
    [{ ...record, depth: 3 }, [], /invalid_field/],
    [{}, [], /invalid_field/],
    [{ ...record, name: "__proto__" }, [], /invalid_field/],
    [record, [{ ...wrapsFor(record, alice)[0], sealed: "x" }], /invalid_field/],
    [record, wrapsFor({ ...record, epoch_id: hex }, alice), /invalid_field/],
    [signedEpoch(other, alice, place), [], /invalid_field/],
    [signedEpoch(fixture.meshId, bob, place), [], /not_allowed/],
    [{ ...record, history: "joined" }, [], /auth_failed/],
    [signedEpoch(fixture.meshId, alice, { ...place, name: "all" }), [], /unknown_destination/],
    [signedEpoch(fixture.meshId, alice, { destination: "queue:none", name: "none" }), [], /unknown_destination/],
    [signedEpoch(fixture.meshId, alice, { destination: `topic:${other}`, name: "builds" }), [], /not_subscribed/],
    [signedEpoch(fixture.meshId, alice, { ...place, parent: hex, depth: 1 }), [], /not_found/],
  ];
  for (const [given, wraps, refusal] of cases) await assert.rejects(create(first, given, wraps), refusal);
  assert.deepEqual(await keysOf(first), { items: [], through: 0, next_after: null });
});

test("so many keys follow one, and no more", async (t) => {
  const { fixture, alice, first, place } = await withTopic(t);
  for (let n = 0; n < limits.epochSiblingsMax; n += 1) await create(first, signedEpoch(fixture.meshId, alice, place));
  await assert.rejects(create(first, signedEpoch(fixture.meshId, alice, place)), /too_many_epochs/);
});

test("more than a frame holds is told page by page", async (t) => {
  const { fixture, alice, first, place } = await withTopic(t, { limits: { frameItemsMax: 3 } });
  let parent = signedEpoch(fixture.meshId, alice, place);
  for (let n = 0; n < 4; n += 1) {
    await create(first, parent, wrapsFor(parent, alice));
    parent = signedEpoch(fixture.meshId, alice, { ...place, parent: parent.epoch_id, depth: parent.depth + 1 });
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
  await fixture.admin("POST", `/v1/meshes/${meshId}/membership`, { entries: chain.entries });
  const peer = await fixture.connect(owner);
  await peer.request<"queue_create">({ type: "queue_create", name: "jobs", deliveries_max: 5 });
  const place = { destination: "queue:jobs", name: "jobs", membership_head: chain.state().head };
  await assert.rejects(
    create(peer, signedEpoch(meshId, owner, { ...place, membership_head: "ab".repeat(32) })),
    /membership_moved/,
  );
  const other = newIdentity();
  const { signature: _, ...unsigned } = signedEpoch(meshId, owner, { ...place, key_id: other.memberId });
  await assert.rejects(create(peer, signEpochRecord(unsigned, other.privateKey)), /auth_failed/);
  const record = signedEpoch(meshId, owner, place);
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
    create(second, signedEpoch(meshId, bob, { ...place, membership_head: chain.state().head })),
    /not_subscribed/,
  );
});
