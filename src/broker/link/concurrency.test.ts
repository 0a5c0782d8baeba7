import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { ConcurrencyPolicy } from "../../protocol/concurrency.ts";
import type { BrokerFrame, ReceiptGroup } from "../../protocol/frames.ts";
import { receiptBytes, sign } from "../../protocol/signing.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { sendingLinksMax } from "../store/link-store.ts";
import { brokerFixture } from "../testing/fixture.ts";
import {
  envelopeOf,
  type Identity,
  isType,
  newIdentity,
  type Peer,
  type PeerOptions,
  refusalOf,
} from "../testing/peer.ts";

/** A mesh with an admin that is connected and a policy, and a member whose keys several daemons have. */
async function bench(t: TestContext, policy: ConcurrencyPolicy | null) {
  const fixture = await brokerFixture(t);
  const ada = newIdentity();
  const path = `/v1/meshes/${fixture.meshId}/members`;
  await fixture.admin("POST", path, { member_id: ada.memberId, name: "ada", role: "admin" });
  const [alice, admin] = [await fixture.member("alice"), await fixture.connect(ada)];
  const ask = (asked: ConcurrencyPolicy | null, by: Peer = admin) =>
    by.request<"concurrency">({ type: "concurrency", policy: asked });
  if (policy !== null) assert.deepEqual(await ask(policy), { policy });
  const daemon = (instance_id: string, more: Partial<PeerOptions> & { previous?: string } = {}) =>
    fixture.connect(alice, { ...more, hello: { instance_id, previous_instance_id: more.previous ?? null } });
  const audits = () => fixture.logged.filter(({ fields }) => fields["audit"] === "member_concurrent_connection");
  const write = (from: Identity, to: Identity | string, text: string) =>
    envelopeOf(fixture.meshId, from, typeof to === "string" ? to : to.memberId, text);
  return { fixture, ada, alice, admin, ask, daemon, audits, write };
}

const isEvent =
  <E extends Extract<BrokerFrame, { type: "event" }>["event"]>(event: E) =>
  (frame: BrokerFrame): frame is Extract<BrokerFrame, { event: E }> =>
    frame.type === "event" && frame.event === event;

test("who is connected stays so under prefer_oldest: the second daemon is refused with 4004, by name, each time", async (t) => {
  const { fixture, ada, alice, admin, daemon, audits, write } = await bench(t, "prefer_oldest");
  const first = await daemon("one");
  assert.deepEqual(first.ack.features.supported["concurrent_connection_policy"]?.params, {
    version: 1,
    default_policy: "prefer_oldest",
  });
  for (const times of [1, 2]) {
    await assert.rejects(daemon("two"), /closed 4004 .*member_already_connected/);
    assert.equal(audits().length, times, "an audit event, always");
  }
  const audit = audits()[0]?.fields;
  assert.deepEqual([audit?.["instance_id"], audit?.["old_instance_id"], audit?.["second"]], ["two", "one", "refused"]);
  await admin.next(isEvent("member_concurrent_connection"));
  assert.equal(await fixture.metric(`cm_broker_concurrent_connection_total{mesh="${fixture.meshId}"}`), 2);
  // The live link is untouched: what it sends is accepted, and what it is sent reaches it.
  assert.equal((await first.sendItems([write(alice, ada, "still here")]))[0]?.status, 201);
  await admin.sendItems([write(ada, alice, "hello")]);
  await first.pushes(1);
  const back = await daemon("three", { previous: "one" });
  assert.equal(back.ack.link_epoch, first.ack.link_epoch + 1, "no refused hello raised it");
  assert.equal((await first.closed).code, 1006, "its own half-open link goes without a word");
  assert.equal(audits().length, 2);
  await back.close();
  while ((await fixture.metric("cm_broker_links")) > 1);
  assert.equal((await daemon("two")).ack.receives, true, "nobody is there any more");
});

test("a refused daemon is told by the error frame whom it meets", async (t) => {
  const { fixture, alice, daemon } = await bench(t, "prefer_oldest");
  await daemon("one");
  const told = await refusalOf({
    url: fixture.broker.url,
    meshId: fixture.meshId,
    identity: alice,
    hello: { instance_id: "two" },
  });
  assert.deepEqual(told.details, {
    kind: "member_already_connected",
    detail: "another daemon is connected as this member",
    other_instance_id: "one",
  });
});

test("whoever takes a link over in the name of its daemon, and is gone again, is told of when that one comes back", async (t) => {
  const { fixture, admin, daemon, audits } = await bench(t, null);
  const first = await daemon("one");
  const thief = await daemon("two", { previous: "one" });
  await first.closed;
  await thief.close();
  while ((await fixture.metric("cm_broker_links")) > 1);
  assert.equal(audits().length, 0, "a restarted daemon does the same");
  const again = await daemon("one", { previous: "one" });
  const audit = audits()[0]?.fields;
  assert.deepEqual([audit?.["instance_id"], audit?.["old_instance_id"], audit?.["second"]], ["one", "two", "receives"]);
  await admin.next(isEvent("member_concurrent_connection"));
  await again.close();
  await (await daemon("one", { previous: "one" })).close();
  await (await daemon("three", { previous: "one" })).close();
  assert.equal(audits().length, 1, "its own links of before, and a start of it, are no news");
});

test("under allow_concurrent the first link receives and acknowledges, and the others only send", async (t) => {
  const { ada, alice, admin, daemon, audits, write } = await bench(t, "allow_concurrent");
  const [one, two, three] = [await daemon("one"), await daemon("two"), await daemon("three")];
  assert.deepEqual(
    [one, two, three].map(({ ack }) => ack.receives),
    [true, false, false],
  );
  assert.deepEqual(
    audits().map(({ fields }) => [fields["instance_id"], fields["old_instance_id"], fields["second"]]),
    [
      ["two", "one", "sends"],
      ["three", "one", "sends"],
    ],
  );
  await admin.sendItems([write(ada, alice, "for one")]);
  const [pushed] = await one.pushes(1);
  for (const peer of [one, two, three])
    assert.equal((await peer.sendItems([write(alice, ada, "from each")]))[0]?.status, 201);
  assert.equal((await admin.pushes(3)).length, 3);
  // What only sends acknowledges nothing, and is not closed for trying.
  two.acknowledge("dm", pushed?.seq ?? 0);
  await assert.rejects(
    two.request<"claim">({ type: "claim", queue: "jobs", limit: 1, lease_ms: 10_000, wait_ms: 0 }),
    /not_allowed/,
  );
  assert.deepEqual(two.pushed, []);
  await one.close();
  // The oldest of the others dials into its place, and the cursor is where the receiving one left it.
  assert.equal((await two.closed).code, 1012);
  const second = await daemon("two", { previous: "two" });
  assert.equal(second.ack.receives, true);
  assert.equal((await second.pushes(1))[0]?.seq, pushed?.seq, "it was never acknowledged");
  assert.equal(three.socket.readyState, three.socket.OPEN);
});

test("a successor that does not come gives way to the next one", async (t) => {
  const { fixture, daemon } = await bench(t, "allow_concurrent");
  const [one, two, three] = [await daemon("one"), await daemon("two"), await daemon("three")];
  await one.close();
  assert.equal((await two.closed).code, 1012);
  fixture.clock.advance(9_999);
  await three.request<"members">({ type: "members" });
  assert.equal(three.socket.readyState, three.socket.OPEN);
  fixture.clock.advance(1);
  assert.equal((await three.closed).code, 1012);
  assert.equal((await daemon("three")).ack.receives, true);
  assert.equal((await daemon("two")).ack.receives, false);
});

test("a daemon that only sends takes its own half-open link's place without a word, and none of it is accepted any more", async (t) => {
  const { daemon, audits, alice, ada, write } = await bench(t, "allow_concurrent");
  const one = await daemon("one");
  const old = await daemon("two");
  const before = audits().length;
  const again = await daemon("two");
  assert.equal((await old.closed).code, 1006);
  assert.equal(again.ack.receives, false);
  assert.ok(again.ack.link_epoch > old.ack.link_epoch);
  assert.equal(audits().length, before + 1, "it still is a second daemon beside the first");
  assert.equal((await again.sendItems([write(alice, ada, "x")]))[0]?.status, 201);
  assert.equal(one.socket.readyState, one.socket.OPEN);
});

test("no more than sixteen daemons are connected as one member, and one that goes makes room", async (t) => {
  const { fixture, daemon } = await bench(t, "allow_concurrent");
  const peers: Peer[] = [];
  for (let n = 0; n <= sendingLinksMax; n += 1) peers.push(await daemon(`d${n}`));
  await assert.rejects(daemon("one too many"), /closed 4004 .*as many daemons as may are connected/);
  await peers.at(-1)?.close();
  while ((await fixture.metric("cm_broker_links")) > sendingLinksMax + 1);
  assert.equal((await daemon("one too many")).ack.receives, false);
});

test("receipts reach the daemon that sent the message, here or when it comes, and each is told once", async (t) => {
  const { fixture, ada, alice, admin, daemon, write } = await bench(t, "allow_concurrent");
  const [ofOne, ofTwo] = [write(alice, ada, "by one"), write(alice, ada, "by two")];
  const sent = [ofOne, ofTwo].map(({ client_message_id }) => new Set([client_message_id]));
  const one = await daemon("one", { sent: sent[0] ?? new Set() });
  const two = await daemon("two", { sent: sent[1] ?? new Set() });
  await one.sendItems([ofOne]);
  await two.sendItems([ofTwo]);
  await admin.pushes(2);
  const told = (peer: Peer) =>
    peer.frames
      .filter(isType("receipt"))
      .flatMap(({ groups }) => groups.flatMap(({ items }) => items.map((each) => each.client_message_id)));
  await handIn(admin, groupOf(fixture.meshId, ada, alice, [ofTwo.client_message_id]));
  await two.request<"members">({ type: "members" });
  assert.deepEqual(told(two), [ofTwo.client_message_id]);
  // It is away when its message is read: the other daemon confirms, and knows nothing of it.
  await two.close();
  await handIn(admin, groupOf(fixture.meshId, ada, alice, [ofTwo.client_message_id]));
  await one.request<"members">({ type: "members" });
  const before = told(one).length;
  // What is kept is looked at from the start again, for what another broker may have kept late.
  fixture.clock.advance(60_000);
  const back = await daemon("two", { sent: sent[1] ?? new Set() });
  await back.next(isType("receipt"));
  assert.deepEqual(told(back), [ofTwo.client_message_id]);
  await one.request<"members">({ type: "members" });
  assert.equal(told(one).length, before, "what it did not send it is not told again");
  const third = await daemon("two", { sent: sent[1] ?? new Set() });
  await third.request<"members">({ type: "members" });
  assert.deepEqual(told(third), [], "confirmed by its daemon, it is kept no more");
});

test("a receipt of a message that its sender has forgotten is kept for nobody where a member has one daemon", async (t) => {
  const { fixture, ada, alice, admin, daemon, write } = await bench(t, "prefer_newest");
  const group = () => groupOf(fixture.meshId, ada, alice, [write(alice, ada, "x").client_message_id]);
  // Once while it is away, and once while it is here.
  await handIn(admin, group());
  const one = await daemon("one", { sent: new Set() });
  await one.next(isType("receipt"));
  await handIn(admin, group());
  const again = await daemon("one");
  await again.request<"members">({ type: "members" });
  assert.deepEqual(again.frames.filter(isType("receipt")), []);
});

test("a changed policy closes every link of a member that has more than one, and none other, and is told to the mesh", async (t) => {
  const { fixture, ada, alice, admin, ask, daemon, write } = await bench(t, "allow_concurrent");
  const bob = await fixture.connect(await fixture.member("bob"));
  const [one, two] = [await daemon("one"), await daemon("two")];
  const late = [write(alice, ada, "of one"), write(alice, ada, "of two")];
  assert.deepEqual(await ask("prefer_oldest"), { policy: "prefer_oldest" });
  assert.deepEqual([(await one.closed).code, (await two.closed).code], [1012, 1012]);
  const event = await bob.next(isEvent("concurrency_changed"));
  assert.deepEqual([event.policy, event.by], ["prefer_oldest", ada.memberId]);
  const audit = fixture.logged.find(({ fields }) => fields["policy"] === "prefer_oldest");
  assert.deepEqual(audit?.fields, {
    audit: "concurrency_changed",
    mesh_id: fixture.meshId,
    by: ada.memberId,
    policy: "prefer_oldest",
    before: "allow_concurrent",
    released: 1,
  });
  const back = await daemon("two");
  assert.equal(back.ack.receives, true);
  await assert.rejects(daemon("one"), /4004/);
  assert.equal((await back.sendItems(late))[1]?.status, 201);
  for (const peer of [bob, admin, back]) assert.equal(peer.socket.readyState, peer.socket.OPEN);
  // The same again changes nothing and is no news.
  await ask("prefer_oldest");
  assert.equal(bob.frames.filter(isEvent("concurrency_changed")).length, 1);
});

test("a link that lost its place without a newer one is told to come back, and never that it was replaced", async (t) => {
  const { fixture, ada, alice, admin, daemon, write } = await bench(t, "allow_concurrent");
  const one = await daemon("one");
  await admin.sendItems([write(ada, alice, "hello")]);
  const [pushed] = await one.pushes(1);
  // As a change of the policy does, whose close has not come yet.
  fixture.plant(`UPDATE member SET link_epoch = link_epoch + 1 WHERE member_id = '${alice.memberId}'`);
  one.acknowledge("dm", pushed?.seq ?? 0);
  assert.equal((await one.closed).code, 1012);
  assert.equal((await daemon("one")).ack.receives, true);
});

test("everybody may ask for the policy, owners and admins change it, and it outlasts the broker's process", async (t) => {
  const { fixture, alice, ada, ask, daemon } = await bench(t, null);
  const one = await daemon("one");
  assert.deepEqual(await ask(null, one), { policy: "prefer_newest" });
  await assert.rejects(ask("prefer_oldest", one), /not_allowed/);
  assert.deepEqual(await ask(null), { policy: "prefer_newest" });
  await assert.rejects(ask("prefer_me" as ConcurrencyPolicy), /invalid_field/);
  await ask("allow_concurrent");
  await fixture.restart();
  const admin = await fixture.connect(ada);
  assert.deepEqual(await ask(null, admin), { policy: "allow_concurrent" });
  assert.equal((await fixture.connect(alice, { hello: { instance_id: "one" } })).ack.receives, true);
  assert.equal((await fixture.connect(alice, { hello: { instance_id: "two" } })).ack.receives, false);
});

test("a member that is kicked is so on all of its links", async (t) => {
  const { fixture, alice, admin, daemon } = await bench(t, "allow_concurrent");
  const [one, two] = [await daemon("one"), await daemon("two")];
  await admin.request<"kick">({ type: "kick", member_id: alice.memberId, for_ms: 60_000 });
  assert.deepEqual([(await one.closed).code, (await two.closed).code], [4009, 4009]);
  fixture.clock.advance(60_000);
  const [three, four] = [await daemon("three"), await daemon("four")];
  assert.deepEqual([three.ack.receives, four.ack.receives], [true, false]);
});

function groupOf(meshId: string, from: Identity, to: Identity, ids: readonly string[]): ReceiptGroup {
  const unsigned = {
    to: to.memberId,
    from: from.memberId,
    items: ids.map((client_message_id) => ({
      client_message_id,
      request_fingerprint: "a".repeat(64),
      state: "delivered" as const,
      at: rfc3339(0),
    })),
  };
  return { ...unsigned, signature: sign(from.privateKey, receiptBytes(unsigned, meshId)) };
}

let requests = 5_000;

/** Resolves when the broker says that the group is on another disk. */
async function handIn(link: Peer, group: ReceiptGroup): Promise<void> {
  requests += 1;
  const id = requests;
  link.send({ type: "receipt", id, groups: [group] });
  await link.next(
    (frame): frame is Extract<typeof frame, { type: "reply" }> => frame.type === "reply" && frame.id === id,
  );
}
