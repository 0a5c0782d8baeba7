import assert from "node:assert/strict";
import { test } from "node:test";
import { readKeypair } from "../../src/daemon/identity/keypair.ts";
import { readMeshFile } from "../../src/daemon/identity/mesh-file.ts";
import type { PushItem, ReceiptFrame, ReceiptGroup, ReceiptState } from "../../src/protocol/frames.ts";
import { receiptBytes, sign } from "../../src/protocol/signing.ts";
import type { HostileBroker } from "../support/hostile-broker.ts";
import { disguised, type HostileMember, hostileMesh, onPushesTo, sendsTo, stagesOf } from "../support/hostile-mesh.ts";

/** The receipts that one member has signed, as the broker got them. */
function receiptsOf(hostile: HostileBroker, { memberId }: HostileMember): ReceiptGroup[] {
  return hostile.seen
    .filter(({ from, memberId: of, frame }) => from === "daemon" && of === memberId && frame["type"] === "receipt")
    .flatMap(({ frame }) => (frame as unknown as ReceiptFrame).groups);
}

/** Tells a member of receipts and resolves once its daemon has taken them, whatever it made of them. */
async function tellReceipts(hostile: HostileBroker, to: HostileMember, groups: readonly object[]): Promise<void> {
  const id = 900_000 + hostile.seen.length;
  const taken = hostile.next(
    ({ from, memberId, frame }) => from === "daemon" && memberId === to.memberId && frame["id"] === id,
  );
  hostile.linkOf(to.memberId).tellDaemon({ type: "receipt", id, groups });
  await taken;
}

/** Alice's message to bob, which the broker has taken and keeps from him. */
async function withheldMessage(hostile: HostileBroker, alice: HostileMember, bob: HostileMember): Promise<PushItem> {
  const item = new Promise<PushItem>((resolve) => {
    hostile.plot(
      onPushesTo(bob.memberId, (pushed) => {
        resolve(pushed);
        return [];
      }),
    );
  });
  await alice.client.send({ to: "@bob", message: "did you get this?", client_message_id: "asked" });
  await alice.client.waitFor("asked", "accepted");
  return item;
}

function signedBy(signer: HostileMember, group: Omit<ReceiptGroup, "signature">): ReceiptGroup {
  const { mesh_id: meshId } = readMeshFile(signer.dir);
  return { ...group, signature: sign(readKeypair(signer.dir).signingKey, receiptBytes(group, meshId)) };
}

test("no receipt that the receiver has not signed is told to the sender: forged, by another member, moved, or of a later stage", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob", "carol"]);
  const { alice, bob, carol } = members;
  await sendsTo(alice, bob, "first");
  await sendsTo(carol, bob, "from carol");
  await hostile
    .next(({ frame, memberId }) => memberId === bob.memberId && frame["type"] === "reply")
    .catch(() => undefined);
  const { envelope } = await withheldMessage(hostile, alice, bob);
  assert.ok(envelope !== null);
  const item = (state: ReceiptState, change: object = {}) => ({
    client_message_id: envelope.client_message_id,
    request_fingerprint: envelope.request_fingerprint,
    state,
    at: envelope.sent_at,
    ...change,
  });
  const toAlice = receiptsOf(hostile, bob).find(({ to }) => to === alice.memberId);
  const toCarol = receiptsOf(hostile, bob).find(({ to }) => to === carol.memberId);
  assert.ok(toAlice !== undefined && toCarol !== undefined);
  const claim = { to: alice.memberId, from: bob.memberId, items: [item("delivered"), item("read")] };
  const lies: readonly object[] = [
    { ...claim, signature: toAlice.signature },
    { ...claim, signature: "A".repeat(86) },
    { ...claim, signature: "" },
    { ...signedBy(carol, claim) },
    signedBy(carol, { ...claim, from: carol.memberId }),
    { ...signedBy(carol, { ...claim, from: carol.memberId }), from: bob.memberId },
    { ...signedBy(alice, { ...claim, from: alice.memberId }) },
    { ...toAlice, items: [...toAlice.items, item("delivered")] },
    { ...toAlice, items: toAlice.items.map((said) => ({ ...said, client_message_id: envelope.client_message_id })) },
    { ...toCarol, to: alice.memberId },
    { ...claim, from: "ab".repeat(32), signature: "A".repeat(86) },
  ];
  for (const [index, lie] of lies.entries()) {
    await tellReceipts(hostile, alice, [lie]);
    assert.deepEqual(await stagesOf(alice, "asked"), ["queued", "accepted"], `lie ${index}`);
  }
  const told = toAlice.items[0];
  assert.ok(told !== undefined);
  await tellReceipts(hostile, alice, [{ ...toAlice, items: [{ ...told, state: "read" }] }]);
  assert.deepEqual(await stagesOf(alice, told.client_message_id), ["queued", "accepted", "delivered"]);
  hostile.plot(null);
  await sendsTo(alice, bob, "honest");
});

test("a receipt that comes again, or to somebody else, changes nothing", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob", "carol"]);
  const { alice, bob, carol } = members;
  await alice.client.send({ to: "@bob", message: "hello", client_message_id: "hello" });
  const before = await alice.client.waitFor("hello", "delivered");
  const [group] = receiptsOf(hostile, bob);
  assert.ok(group !== undefined);
  await tellReceipts(hostile, alice, [group, group]);
  await tellReceipts(hostile, carol, [group]);
  await tellReceipts(hostile, bob, [group]);
  assert.deepEqual(await alice.client.message("hello"), before);
  await sendsTo(alice, bob, "honest");
});

test("a receipt that the broker drops is told once it passes receipts again", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob"]);
  const { alice, bob } = members;
  hostile.plot({ toBroker: (frame) => (frame.type === "receipt" ? [] : [frame]) });
  await sendsTo(alice, bob, "one");
  const { items } = await alice.client.outbox.list();
  const id = items[0]?.client_message_id ?? "";
  assert.deepEqual(await stagesOf(alice, id), ["queued", "accepted"]);
  hostile.plot(null);
  hostile.cut();
  await alice.client.waitFor(id, "delivered");
  await sendsTo(alice, bob, "honest");
});

test("a count of receivers, which is a broker's word, makes no direct message delivered", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob"]);
  const { alice, bob } = members;
  const { envelope } = await withheldMessage(hostile, alice, bob);
  hostile.linkOf(alice.memberId).tellDaemon({
    type: "event",
    event: "topic_progress",
    client_message_id: envelope?.client_message_id,
    reached: 1,
    of: 1,
  });
  // Taken after it, in order.
  await tellReceipts(hostile, alice, []);
  assert.deepEqual(await stagesOf(alice, "asked"), ["queued", "accepted"]);
  hostile.plot(null);
  await sendsTo(alice, bob, "honest");
});

test("a message that the broker changed where no signature is cannot be opened, and what its receiver says of it is not said of what was sent", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob"]);
  const { alice, bob } = members;
  hostile.plot(
    onPushesTo(bob.memberId, (item) => {
      const { envelope } = item;
      assert.ok(envelope !== null);
      return [{ ...item, envelope: disguised(envelope, { version: envelope.version === 2 ? 1 : 2 }) }];
    }),
  );
  const receipt = hostile.next(
    ({ from, memberId, frame }) => from === "daemon" && memberId === bob.memberId && frame["type"] === "receipt",
  );
  await alice.client.send({ to: "@bob", message: "open this", client_message_id: "asked" });
  await alice.client.waitFor("asked", "accepted");
  const { groups } = (await receipt).frame as unknown as ReceiptFrame;
  assert.equal(groups[0]?.items[0]?.state, "undecryptable");
  await tellReceipts(hostile, alice, groups);
  const told = await alice.client.message("asked");
  assert.equal(told.last_error, null);
  assert.deepEqual(await stagesOf(alice, "asked"), ["queued", "accepted"]);
  hostile.plot(null);
  await sendsTo(alice, bob, "honest");
});
