import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Redis } from "ioredis";
import type { EventFrame } from "../../protocol/frames.ts";
import { receiptBytes, sign } from "../../protocol/signing.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { defaultBrokerLimits } from "../broker-limits.ts";
import { at, type FleetFixture, fleetFixture } from "../testing/fleet.ts";
import { envelopeOf, type Identity, isType, type Peer } from "../testing/peer.ts";
import { sharedPostgres } from "../testing/postgres-server.ts";

const server = sharedPostgres();
const fleetOf = async (t: TestContext, count = 2, options = {}): Promise<FleetFixture> =>
  fleetFixture(t, await (await server()).createDatabase(), count, options);

async function send(fleet: FleetFixture, link: Peer, from: Identity, to: string, text: string): Promise<string> {
  const envelope = envelopeOf(fleet.meshId, from, to, text);
  const [answer] = await link.sendItems([envelope]);
  assert.equal(answer?.status, 201, JSON.stringify(answer));
  return envelope.client_message_id;
}

const texts = (peer: Peer): string[] =>
  peer.pushed.map(({ envelope }) => Buffer.from(envelope?.body ?? "", "base64url").toString());

type Progress = Extract<EventFrame, { event: "topic_progress" }>;
const progress =
  (id: string, reached: number) =>
  (frame: unknown): frame is Progress => {
    const event = frame as Progress;
    return event.event === "topic_progress" && event.client_message_id === id && event.reached === reached;
  };

async function acknowledgeAll(peer: Peer): Promise<void> {
  for (const { destination, seq } of peer.pushed) peer.acknowledge(destination, seq);
  await peer.request<"members">({ type: "members" });
}

test("a message accepted at one broker is pushed at another by its wake-up, without Redis by the sweep, and by a wake-up again", async (t) => {
  const fleet = await fleetOf(t);
  const [alice, bob] = [await at(fleet, 0).member("alice"), await at(fleet, 1).member("bob")];
  const [from, to] = [await at(fleet, 0).connect(alice), await at(fleet, 1).connect(bob)];
  await send(fleet, from, alice, bob.memberId, "woken");
  await to.pushes(1);
  await fleet.redis.kill();
  await send(fleet, from, alice, bob.memberId, "swept");
  await send(fleet, from, alice, "#all", "swept too");
  fleet.sweep();
  await to.pushes(3);
  await fleet.redis.restart();
  await fleet.hearing(2);
  await send(fleet, from, alice, bob.memberId, "woken again");
  await to.pushes(4);
  assert.deepEqual(texts(to), ["woken", "swept", "swept too", "woken again"]);
});

test("brokers that accept into one mesh at once push everything to every link, each once and in order", async (t) => {
  const fleet = await fleetOf(t, 3);
  const members = await Promise.all(["a", "b", "c"].map((name, n) => at(fleet, n).member(name)));
  const links = await Promise.all(members.map((member, n) => at(fleet, n).connect(member)));
  const rounds = 40;
  await Promise.all(
    members.map(async (member, n) => {
      for (let round = 0; round < rounds; round += 1)
        await send(fleet, links[n] as Peer, member, "#all", `${n} ${round}`);
    }),
  );
  for (const [n, link] of links.entries()) {
    await link.pushes(rounds * 2);
    const others = [0, 1, 2].filter((other) => other !== n);
    for (const other of others)
      assert.deepEqual(
        texts(link).filter((text) => text.startsWith(`${other} `)),
        Array.from({ length: rounds }, (_, round) => `${other} ${round}`),
      );
    const seqs = link.pushed.map(({ seq }) => seq);
    assert.deepEqual(
      seqs,
      [...seqs].sort((a, b) => a - b),
    );
    assert.equal(link.pushed.length, rounds * 2);
  }
});

test("receipts reach a sender at another broker by a wake-up, and without Redis by the sweep", async (t) => {
  const fleet = await fleetOf(t);
  const [alice, bob] = [await at(fleet, 0).member("alice"), await at(fleet, 1).member("bob")];
  const [from, to] = [await at(fleet, 0).connect(alice), await at(fleet, 1).connect(bob)];
  let asked = 1_000;
  /** Resolves when the broker says that it is on another disk. */
  const receipt = async (client_message_id: string): Promise<void> => {
    const item = {
      client_message_id,
      request_fingerprint: "a".repeat(64),
      state: "delivered",
      at: rfc3339(0),
    } as const;
    const unsigned = { to: alice.memberId, from: bob.memberId, items: [item] };
    asked += 1;
    const id = asked;
    const signature = sign(bob.privateKey, receiptBytes(unsigned, fleet.meshId));
    to.send({ type: "receipt", id, groups: [{ ...unsigned, signature }] });
    await to.next(
      (frame): frame is Extract<typeof frame, { type: "reply" }> => frame.type === "reply" && frame.id === id,
    );
  };
  const arrived = (id: string) =>
    from.next(
      (frame): frame is Extract<typeof frame, { type: "receipt" }> =>
        frame.type === "receipt" &&
        frame.groups.some(({ items }) => items.some((item) => item.client_message_id === id)),
    );
  const first = await send(fleet, from, alice, bob.memberId, "one");
  await receipt(first);
  await arrived(first);
  await fleet.redis.kill();
  const second = await send(fleet, from, alice, bob.memberId, "two");
  await receipt(second);
  fleet.sweep();
  await arrived(second);
});

test("a sender hears how many hold its topic message whatever brokers they are at, without Redis too, and after it moved", async (t) => {
  const fleet = await fleetOf(t, 3);
  const [alice, bob, carol] = [
    await at(fleet, 0).member("alice"),
    await at(fleet, 1).member("bob"),
    await at(fleet, 2).member("carol"),
  ];
  const from = await at(fleet, 0).connect(alice, { hello: { instance_id: "a" } });
  const [bobLink, carolLink] = [await at(fleet, 1).connect(bob), await at(fleet, 2).connect(carol)];
  const id = await send(fleet, from, alice, "#all", "one");
  await bobLink.pushes(1);
  await acknowledgeAll(bobLink);
  assert.equal((await from.next(progress(id, 1))).of, 2);
  await fleet.redis.kill();
  await carolLink.pushes(1);
  await acknowledgeAll(carolLink);
  // The acknowledgement is committed behind its frame: a later sweep sees it.
  const told = from.next(progress(id, 2));
  let done = false;
  void told.then(() => {
    done = true;
  });
  while (!done) {
    fleet.sweep();
    await at(fleet, 0).metric("cm_broker_live_brokers");
  }
  const second = await send(fleet, from, alice, "#all", "two");
  const moved = await at(fleet, 1).connect(alice, { hello: { instance_id: "a" } });
  fleet.sweep();
  await bobLink.pushes(2);
  await acknowledgeAll(bobLink);
  assert.equal((await moved.next(progress(second, 1))).of, 2);
});

test("a sender that sent by another broker meanwhile hears of those messages too when it is back", async (t) => {
  const fleet = await fleetOf(t);
  const [alice, bob] = [await at(fleet, 0).member("alice"), await at(fleet, 1).member("bob")];
  const bobLink = await at(fleet, 1).connect(bob);
  const first = await at(fleet, 0).connect(alice, { hello: { instance_id: "a" } });
  const ids = [await send(fleet, first, alice, "#all", "0")];
  const second = await at(fleet, 1).connect(alice, { hello: { instance_id: "a" } });
  for (const text of ["1", "2", "3"]) ids.push(await send(fleet, second, alice, "#all", text));
  const third = await at(fleet, 0).connect(alice, { hello: { instance_id: "a" } });
  await bobLink.pushes(4);
  await acknowledgeAll(bobLink);
  for (const id of ids) assert.equal((await third.next(progress(id, 1))).of, 1);
});

test("what retention removed is told to its member at whatever broker it is, also by the sweep", async (t) => {
  const fleet = await fleetOf(t, 2, { messageRetentionDays: 1 });
  const [alice, bob] = [await at(fleet, 0).member("alice"), await at(fleet, 1).member("bob")];
  const from = await at(fleet, 0).connect(alice);
  const id = await send(fleet, from, alice, bob.memberId, "never fetched");
  await from.close();
  const there = await at(fleet, 1).connect(alice);
  await fleet.redis.kill();
  fleet.clocks[0]?.jump(fleet.clocks[0].now() + 3 * 86_400_000);
  const { status } = await at(fleet, 0).admin("POST", "/v1/upkeep/retention", { dry_run: false });
  assert.equal(status, 200);
  fleet.sweep([1]);
  const told = await there.next(isType("notices"));
  assert.ok(told.items.some((item) => item.kind === "expired" && item.client_message_id === id));
});

test("a claim that waits at one broker gets what is sent, or given back, at another by its wake-up, without Redis by looking again", async (t) => {
  const fleet = await fleetOf(t);
  const [alice, bob] = [await at(fleet, 0).member("alice"), await at(fleet, 1).member("bob")];
  const [from, to] = [await at(fleet, 0).connect(alice), await at(fleet, 1).connect(bob)];
  await from.request<"queue_create">({ type: "queue_create", name: "work", deliveries_max: 5 });
  const claim = (link: Peer) =>
    link.request<"claim">({ type: "claim", queue: "work", limit: 1, lease_ms: 60_000, wait_ms: 30_000 });
  const first = claim(to);
  await to.request<"members">({ type: "members" });
  const sent = await send(fleet, from, alice, "queue:work", "one");
  const [given] = (await first).messages;
  assert.equal(given?.item.client_message_id, sent);
  const second = claim(from);
  await from.request<"members">({ type: "members" });
  await to.request<"nack">({ type: "nack", queue: "work", lease_id: given?.lease_id ?? "", delay_ms: 0, reason: null });
  assert.equal((await second).messages[0]?.item.client_message_id, sent);
  await fleet.redis.kill();
  const third = claim(to);
  await to.request<"members">({ type: "members" });
  const swept = await send(fleet, from, alice, "queue:work", "two");
  const found = third.then(async (claimed) => (claimed.messages.length > 0 ? claimed : claim(to)));
  let done = false;
  void found.then(() => {
    done = true;
  });
  // Whether the claim waits yet when time passes is for the store to say: one whose own time was up first is made again.
  while (!done) {
    for (const clock of fleet.clocks) clock.advance(defaultBrokerLimits.claimRecheckMs);
    await at(fleet, 1).metric("cm_broker_links");
  }
  assert.equal((await found).messages[0]?.item.client_message_id, swept);
});

test("whoever else writes to the channel is not listened to", async (t) => {
  const fleet = await fleetOf(t);
  const alice = await at(fleet, 0).member("alice");
  const link = await at(fleet, 0).connect(alice);
  const client = new Redis(fleet.redis.port, "127.0.0.1");
  t.after(() => client.disconnect());
  const [channel = ""] = (await client.pubsub("CHANNELS", "claudemesh:*")) as string[];
  const forged = {
    kind: "link_opened",
    mesh_id: fleet.meshId,
    member_id: alice.memberId,
    link_epoch: 99,
    instance_id: "x",
  };
  const text = JSON.stringify({ from: "x", messages: [forged] });
  for (const payload of [text, `${"A".repeat(43)}${text}`, "", "{"]) await client.publish(channel, payload);
  for (let refused = 0; refused < 4; ) refused = await at(fleet, 0).metric("cm_broker_bus_refused_total");
  await link.request<"members">({ type: "members" });
});
