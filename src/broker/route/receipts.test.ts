import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReceiptGroup, ReceiptState } from "../../protocol/frames.ts";
import { receiptBytes, sign } from "../../protocol/signing.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { brokerFixture, type Fixture } from "../testing/fixture.ts";
import { envelopeOf, type Identity, isType, type Peer } from "../testing/peer.ts";

function groupOf(
  fixture: Fixture,
  from: Identity,
  to: Identity,
  items: readonly (readonly [id: string, state: ReceiptState])[],
): ReceiptGroup {
  const unsigned = {
    to: to.memberId,
    from: from.memberId,
    items: items.map(([client_message_id, state]) => ({
      client_message_id,
      request_fingerprint: "a".repeat(64),
      state,
      at: rfc3339(0),
    })),
  };
  return { ...unsigned, signature: sign(from.privateKey, receiptBytes(unsigned, fixture.meshId)) };
}

async function pair(context: Parameters<typeof brokerFixture>[0], options: Parameters<typeof brokerFixture>[1] = {}) {
  const fixture = await brokerFixture(context, options);
  const [alice, bob] = [await fixture.member("alice"), await fixture.member("bob")];
  const ids = (count: number) =>
    Array.from({ length: count }, () => envelopeOf(fixture.meshId, alice, bob.memberId, "x").client_message_id);
  return { fixture, alice, bob, ids, bobLink: await fixture.connect(bob) };
}

let requests = 1_000;

/** Resolves when the broker says that the groups are on another disk. */
async function handIn(link: Peer, ...groups: ReceiptGroup[]): Promise<void> {
  requests += 1;
  const id = requests;
  link.send({ type: "receipt", id, groups });
  await link.next(
    (frame): frame is Extract<typeof frame, { type: "reply" }> => frame.type === "reply" && frame.id === id,
  );
}

/** What this link was told until now, once everything that was on its way has arrived. */
async function told(link: Peer): Promise<readonly ReceiptGroup[]> {
  await link.request<"members">({ type: "members" });
  return link.frames.filter(isType("receipt")).flatMap(({ groups }) => groups);
}

test("a receipt reaches its sender at once, as it was signed", async (context) => {
  const { fixture, alice, bob, ids, bobLink } = await pair(context);
  const aliceLink = await fixture.connect(alice);
  const group = groupOf(
    fixture,
    bob,
    alice,
    ids(3).map((id) => [id, "delivered"] as const),
  );
  await handIn(bobLink, group);
  assert.deepEqual(await told(aliceLink), [group]);
  assert.equal(await fixture.metric("cm_broker_receipts_forwarded_total"), 3);
});

test("receipts of an absent sender are kept through a restart, handed over in order, and only once", async (context) => {
  const { fixture, alice, bob, ids, bobLink } = await pair(context);
  const groups = ids(40).map((id) => groupOf(fixture, bob, alice, [[id, "delivered"]]));
  await handIn(bobLink, ...groups);
  await fixture.restart();
  const aliceLink = await fixture.connect(alice);
  await aliceLink.next(
    (frame): frame is Extract<typeof frame, { type: "receipt" }> =>
      frame.type === "receipt" && frame.groups.some(({ signature }) => signature === groups.at(-1)?.signature),
  );
  assert.deepEqual(await told(aliceLink), groups);
  await aliceLink.close();
  assert.deepEqual(await told(await fixture.connect(alice)), []);
});

test("a sender that dies with receipts in its hands, before they are on its disk, is told again", async (context) => {
  const { fixture, alice, bob, ids, bobLink } = await pair(context);
  const aliceLink = await fixture.connect(alice, { silent: true });
  const group = groupOf(
    fixture,
    bob,
    alice,
    ids(1).map((id) => [id, "delivered"] as const),
  );
  const handedIn = handIn(bobLink, group);
  assert.deepEqual((await aliceLink.next(isType("receipt"))).groups, [group]);
  await aliceLink.close();
  await handedIn;
  assert.deepEqual((await (await fixture.connect(alice)).next(isType("receipt"))).groups, [group]);
});

test("a sender that is here and does not confirm holds nobody up: its receipts are kept, and told when it speaks again", async (context) => {
  const { fixture, alice, bob, ids, bobLink } = await pair(context);
  const aliceLink = await fixture.connect(alice, { silent: true });
  const [first, second] = ids(2).map((id) => groupOf(fixture, bob, alice, [[id, "delivered"]]));
  assert.ok(first !== undefined && second !== undefined);
  const handedIn = handIn(bobLink, first);
  const tellings = (group: ReceiptGroup) =>
    aliceLink.frames.filter(isType("receipt")).filter(({ groups }) => groups[0]?.signature === group.signature);
  const telling = (group: ReceiptGroup, count: number) =>
    aliceLink.next(
      (frame): frame is Extract<typeof frame, { type: "receipt" }> =>
        frame.type === "receipt" && tellings(group).indexOf(frame) === count - 1,
    );
  await telling(first, 1);
  fixture.clock.advance(5_000);
  await handedIn;
  await telling(first, 2);
  fixture.clock.advance(5_000);
  const next = handIn(bobLink, second);
  const { id } = await telling(second, 1);
  aliceLink.send({ type: "reply", id, result: {} });
  await next;
  assert.deepEqual((await telling(first, 3)).groups, [first]);
});

test("a receipt in another member's name is dropped and counted", async (context) => {
  const { fixture, alice, bob, ids, bobLink } = await pair(context);
  const carol = await fixture.member("carol");
  const aliceLink = await fixture.connect(alice);
  const items = ids(1).map((id) => [id, "delivered"] as const);
  await handIn(bobLink, groupOf(fixture, carol, alice, items), groupOf(fixture, bob, alice, items));
  assert.deepEqual(await told(aliceLink), [groupOf(fixture, bob, alice, items)]);
  assert.equal(await fixture.metric("cm_broker_receipts_refused_total"), 1);
});

test("no more receipts are kept for one member than the limit, and none for who is no member", async (context) => {
  const { fixture, alice, bob, ids, bobLink } = await pair(context, { limits: { receiptsKeptMax: 5 } });
  const groups = ids(12).map((id) => groupOf(fixture, bob, alice, [[id, "delivered"]]));
  await handIn(bobLink, ...groups);
  const stranger = { ...alice, memberId: "e".repeat(64) };
  await handIn(
    bobLink,
    groupOf(
      fixture,
      bob,
      stranger,
      ids(1).map((id) => [id, "delivered"] as const),
    ),
  );
  assert.deepEqual((await (await fixture.connect(alice)).next(isType("receipt"))).groups, groups.slice(-5));
  assert.equal(await fixture.metric("cm_broker_receipts_refused_total"), 1);
});
