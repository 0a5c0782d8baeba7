import assert from "node:assert/strict";
import { test } from "node:test";
import { brokerFixture, type Fixture } from "../testing/fixture.ts";
import { envelopeOf, type Identity, type Peer } from "../testing/peer.ts";

async function send(
  fixture: Fixture,
  link: Peer,
  sender: Identity,
  to: string,
  texts: readonly string[],
): Promise<void> {
  const answers = await link.sendItems(texts.map((text) => envelopeOf(fixture.meshId, sender, to, text)));
  for (const { status } of answers) assert.equal(status, 201);
}

const text = (item: { envelope: { body: string } | null }) =>
  Buffer.from(item.envelope?.body ?? "", "base64url").toString();
const range = (count: number) => Array.from({ length: count }, (_, index) => `m${index}`);

test("a dm reaches its member at once, whole, with the ids that the sender gave", async (context) => {
  const fixture = await brokerFixture(context);
  const [alice, bob] = [await fixture.member("alice"), await fixture.member("bob")];
  const [from, to] = [await fixture.connect(alice), await fixture.connect(bob)];
  const envelope = envelopeOf(fixture.meshId, alice, `${bob.memberId}/worker`, "hello", {
    meta: '{"a":1}',
    mentions: [bob.memberId],
  });
  const [answer] = await from.sendItems([envelope]);
  const [item] = await to.pushes(1);
  assert.deepEqual(item?.envelope, envelope);
  assert.equal(item?.destination, "dm");
  assert.equal(item?.client_message_id, envelope.client_message_id);
  assert.equal(item?.request_fingerprint, envelope.request_fingerprint);
  assert.ok(answer?.status === 201 && "position" in answer && item !== undefined);
  assert.equal(item.seq, answer.history_id);
  assert.deepEqual(item.position, answer.position);
});

test("what was sent to an absent member waits, and a reconnect resumes after what was acknowledged", async (context) => {
  const fixture = await brokerFixture(context);
  const [alice, bob] = [await fixture.member("alice"), await fixture.member("bob")];
  const from = await fixture.connect(alice);
  await send(fixture, from, alice, bob.memberId, range(10));
  const first = await fixture.connect(bob, { hello: { instance_id: "b1" } });
  const items = await first.pushes(10);
  assert.deepEqual(items.map(text), range(10));
  first.acknowledge("dm", items[5]?.seq ?? 0);
  // A request behind the acknowledgement: when it is answered, the acknowledgement was read.
  await first.request<"members">({ type: "members" });
  await first.close();
  await fixture.restart();
  const second = await fixture.connect(bob, { hello: { instance_id: "b2", previous_instance_id: "b1" } });
  await second.pushes(4);
  const sender = await fixture.connect(alice);
  await send(fixture, sender, alice, bob.memberId, ["later"]);
  await second.pushes(5);
  assert.deepEqual(second.pushed.map(text), ["m6", "m7", "m8", "m9", "later"]);
});

test("a window of unacknowledged items bounds what is pushed, and acknowledging refills it in order without repeats", async (context) => {
  const fixture = await brokerFixture(context, { limits: { pushWindowItems: 8 } });
  const [alice, bob] = [await fixture.member("alice"), await fixture.member("bob")];
  const [from, to] = [await fixture.connect(alice), await fixture.connect(bob)];
  await send(fixture, from, alice, bob.memberId, range(50));
  await to.pushes(4);
  await to.request<"members">({ type: "members" });
  assert.equal(to.pushed.length, 4);
  while (to.pushed.length < 50) {
    const { length } = to.pushed;
    to.acknowledge("dm", to.pushed[length - 1]?.seq ?? 0);
    await to.pushes(length + 1);
  }
  assert.deepEqual(to.pushed.map(text), range(50));
});

test("a destination that is not acknowledged does not hold up another", async (context) => {
  const fixture = await brokerFixture(context, { limits: { pushWindowItems: 8 } });
  const [alice, bob] = [await fixture.member("alice"), await fixture.member("bob")];
  const [from, to] = [await fixture.connect(alice), await fixture.connect(bob)];
  await send(fixture, from, alice, bob.memberId, range(20));
  await to.pushes(4);
  await send(fixture, from, alice, "#all", ["topic"]);
  const items = await to.pushes(5);
  assert.equal(text(items[4] ?? { envelope: null }), "topic");
});

test("a topic message reaches every subscriber, whoever was connected, and its sender hears how many hold it", async (context) => {
  const fixture = await brokerFixture(context);
  const [alice, bob, carol] = [
    await fixture.member("alice"),
    await fixture.member("bob"),
    await fixture.member("carol"),
  ];
  const [from, bobLink] = [await fixture.connect(alice), await fixture.connect(bob)];
  await send(fixture, from, alice, "#all", range(3));
  const items = await bobLink.pushes(3);
  bobLink.acknowledge(items[2]?.destination ?? "", items[2]?.seq ?? 0);
  const progress =
    (reached: number) =>
    (
      frame: unknown,
    ): frame is { type: "event"; event: "topic_progress"; reached: number; of: number; client_message_id: string } => {
      const event = frame as { event?: string; reached?: number; client_message_id?: string };
      return (
        event.event === "topic_progress" &&
        event.reached === reached &&
        event.client_message_id === items[2]?.client_message_id
      );
    };
  assert.equal(((await from.next(progress(1) as never)) as { of: number }).of, 2);
  const carolLink = await fixture.connect(carol);
  const late = await carolLink.pushes(3);
  assert.deepEqual(late.map(text), range(3));
  carolLink.acknowledge(late[2]?.destination ?? "", late[2]?.seq ?? 0);
  assert.equal(((await from.next(progress(2) as never)) as { of: number }).of, 2);
});

test("a sender hears of its topic messages after the broker and itself were away", async (context) => {
  const fixture = await brokerFixture(context);
  const [alice, bob] = [await fixture.member("alice"), await fixture.member("bob")];
  await send(fixture, await fixture.connect(alice), alice, "#all", range(3));
  await fixture.restart();
  const from = await fixture.connect(alice);
  const bobLink = await fixture.connect(bob);
  const items = await bobLink.pushes(3);
  bobLink.acknowledge(items[0]?.destination ?? "", items[1]?.seq ?? 0);
  for (const item of items.slice(0, 2)) {
    const { reached, of } = await from.next(
      (frame): frame is Extract<typeof frame, { event: "topic_progress" }> =>
        frame.type === "event" &&
        frame.event === "topic_progress" &&
        frame.client_message_id === item.client_message_id,
    );
    assert.deepEqual([reached, of], [1, 1]);
  }
});

test("subscribing opens a topic on the live link from then on, and leaving it still delivers what was owed", async (context) => {
  const fixture = await brokerFixture(context);
  const [alice, bob] = [await fixture.member("alice"), await fixture.member("bob")];
  const [from, to] = [await fixture.connect(alice), await fixture.connect(bob)];
  await from.request<"topic_create">({ type: "topic_create", name: "builds" });
  await from.request<"subscribe">({ type: "subscribe", topic: "builds" });
  await send(fixture, from, alice, "#builds", ["before"]);
  assert.equal((await to.request<"subscribe">({ type: "subscribe", topic: "builds" })).subscribed, true);
  await send(fixture, from, alice, "#builds", ["during"]);
  const [item] = await to.pushes(1);
  assert.equal(text(item ?? { envelope: null }), "during");
  assert.equal((await to.request<"unsubscribe">({ type: "unsubscribe", topic: "builds" })).subscribed, false);
  await send(fixture, from, alice, "#builds", ["after"]);
  await send(fixture, from, alice, bob.memberId, ["dm"]);
  await to.pushes(2);
  assert.deepEqual(to.pushed.map(text), ["during", "dm"]);
  const page = await from.request<"history">({ type: "history", address: "builds", before_seq: null, limit: 2 });
  assert.deepEqual(page.items.map(text), ["after", "during"]);
  const rest = await from.request<"history">({
    type: "history",
    address: "builds",
    before_seq: page.next_before_seq,
    limit: 2,
  });
  assert.deepEqual(rest.items.map(text), ["before"]);
});

test("an item larger than the link takes is told as a stub and does not hold up the rest", async (context) => {
  const fixture = await brokerFixture(context);
  const [alice, bob] = [await fixture.member("alice"), await fixture.member("bob")];
  const from = await fixture.connect(alice);
  await send(fixture, from, alice, bob.memberId, ["x".repeat(60_000), "small"]);
  const { createPump } = await import("./pump.ts");
  const { createTail } = await import("./tail.ts");
  const { createBrokerMetrics } = await import("../metrics.ts");
  const { defaultBrokerLimits } = await import("../broker-limits.ts");
  const { silentLog } = await import("../../base/log.ts");
  const history = await fixture.connect(bob);
  const items = [...(await history.pushes(2))];
  const messages = items.map((item) => ({ ...item, accepted_at: 0, envelope: item.envelope }));
  const frames: { items: { stub_reason?: string; envelope: unknown; seq: number }[] }[] = [];
  const done = Promise.withResolvers<void>();
  const pump = createPump(
    {
      meshId: "m",
      memberId: bob.memberId,
      linkEpoch: 1,
      life: "",
      inlineBytes: 1_024,
      superseded() {},
      sendText(json) {
        frames.push(JSON.parse(json) as never);
        done.resolve();
      },
    },
    {
      store: {
        read: async (_mesh: string, _member: string, _key: string, { afterSeq }: { afterSeq: number }) =>
          messages.filter(({ seq }) => seq > afterSeq),
      } as never,
      clock: fixture.clock,
      log: silentLog,
      metrics: createBrokerMetrics(),
      limits: defaultBrokerLimits,
      tail: createTail(defaultBrokerLimits),
      head: () => 2,
      acknowledged() {},
    },
  );
  pump.open([{ destination: "dm", seq: 0, lastSeq: null }], 0);
  await done.promise;
  assert.deepEqual(
    frames
      .flatMap((frame) => frame.items)
      .map(({ seq, stub_reason, envelope }) => [seq, stub_reason, envelope === null]),
    [
      [1, "too_large_for_link", true],
      [2, undefined, false],
    ],
  );
  pump.close();
});
