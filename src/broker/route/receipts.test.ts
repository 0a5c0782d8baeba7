import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReceiptItem } from "../../protocol/frames.ts";
import { receiptBytes, sign } from "../../protocol/signing.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { brokerFixture, type Fixture } from "../testing/fixture.ts";
import { envelopeOf, type Identity, isType, type Peer } from "../testing/peer.ts";

function receiptOf(meshId: string, from: Identity, to: Identity, id: string, state: ReceiptItem["state"]): ReceiptItem {
  const unsigned = {
    to: to.memberId,
    from: from.memberId,
    client_message_id: id,
    request_fingerprint: "a".repeat(64),
    state,
    at: rfc3339(0),
  };
  return { ...unsigned, signature: sign(from.privateKey, receiptBytes(unsigned, meshId)) };
}

async function pair(context: Parameters<typeof brokerFixture>[0], options: Parameters<typeof brokerFixture>[1] = {}) {
  const fixture = await brokerFixture(context, options);
  const [alice, bob] = [await fixture.member("alice"), await fixture.member("bob")];
  return { fixture, alice, bob, bobLink: await fixture.connect(bob) };
}

const id = (fixture: Fixture, sender: Identity, to: Identity) =>
  envelopeOf(fixture.meshId, sender, to.memberId, "x").client_message_id;

/** Everything sent before on this link has been handled when this resolves. */
const settled = async (link: Peer) => void (await link.request<"members">({ type: "members" }));

test("a receipt reaches its sender at once, as it was signed", async (context) => {
  const { fixture, alice, bob, bobLink } = await pair(context);
  const aliceLink = await fixture.connect(alice);
  const receipt = receiptOf(fixture.meshId, bob, alice, id(fixture, alice, bob), "delivered");
  bobLink.send({ type: "receipt", items: [receipt] });
  assert.deepEqual((await aliceLink.next(isType("receipt"))).items, [receipt]);
});

test("receipts of an absent sender are kept through a restart, newest state per message, and handed over once", async (context) => {
  const { fixture, alice, bob, bobLink } = await pair(context);
  const [first, second] = [id(fixture, alice, bob), id(fixture, alice, bob)];
  const receipts = [
    receiptOf(fixture.meshId, bob, alice, first, "delivered"),
    receiptOf(fixture.meshId, bob, alice, second, "delivered"),
    receiptOf(fixture.meshId, bob, alice, first, "read"),
  ];
  for (const item of receipts) bobLink.send({ type: "receipt", items: [item] });
  await settled(bobLink);
  await fixture.restart();
  const aliceLink = await fixture.connect(alice);
  const { items } = await aliceLink.next(isType("receipt"));
  assert.deepEqual(
    new Map(items.map((item) => [item.client_message_id, item.state])),
    new Map([
      [first, "read"],
      [second, "delivered"],
    ]),
  );
  await aliceLink.close();
  const again = await fixture.connect(alice);
  let repeated = false;
  void again.next(isType("receipt")).then(
    () => {
      repeated = true;
    },
    () => undefined,
  );
  await settled(again);
  assert.equal(repeated, false);
});

test("a receipt in another member's name is dropped and counted", async (context) => {
  const { fixture, alice, bob, bobLink } = await pair(context);
  const carol = await fixture.member("carol");
  const aliceLink = await fixture.connect(alice);
  const own = receiptOf(fixture.meshId, bob, alice, id(fixture, alice, bob), "delivered");
  const foreign = receiptOf(fixture.meshId, carol, alice, own.client_message_id, "delivered");
  bobLink.send({ type: "receipt", items: [foreign, own] });
  assert.deepEqual((await aliceLink.next(isType("receipt"))).items, [own]);
  assert.equal(await fixture.metric("cm_broker_receipts_refused_total"), 1);
});

test("no more receipts are kept for one member than the limit, and none for who is no member", async (context) => {
  const { fixture, alice, bob, bobLink } = await pair(context, { limits: { receiptsKeptMax: 5 } });
  const items = Array.from({ length: 12 }, () =>
    receiptOf(fixture.meshId, bob, alice, id(fixture, alice, bob), "delivered"),
  );
  for (const item of items) bobLink.send({ type: "receipt", items: [item] });
  const stranger = { ...alice, memberId: "e".repeat(64) };
  bobLink.send({
    type: "receipt",
    items: [receiptOf(fixture.meshId, bob, stranger, items[0]?.client_message_id ?? "", "delivered")],
  });
  await settled(bobLink);
  const aliceLink = await fixture.connect(alice);
  const kept = (await aliceLink.next(isType("receipt"))).items;
  assert.equal(kept.length, 5);
  assert.equal(await fixture.metric("cm_broker_receipts_refused_total"), 1);
});
