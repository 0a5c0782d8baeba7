import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { storeAt } from "../store/sqlite/open-store.fixture.ts";
import { brokerFixture } from "../testing/fixture.ts";
import { envelopeOf } from "../testing/peer.ts";

function storeIn(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "cm-requests-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return storeAt(join(folder, "broker.db"));
}

test("of what one link asks, only so much is asked of the store at once; all of it is answered, and what it sends does not wait", async (t) => {
  const at = 2;
  const store = storeIn(t);
  const released = Promise.withResolvers<void>();
  const asked: number[] = [];
  const members: typeof store.members = async (meshId) => {
    asked.push(asked.length);
    await released.promise;
    return store.members(meshId);
  };
  const fixture = await brokerFixture(t, { store: { ...store, members }, limits: { linkRequestsMax: at } });
  const [alice, bob] = [await fixture.member("alice"), await fixture.member("bob")];
  const [flooding, other] = [await fixture.connect(alice), await fixture.connect(bob)];
  const before = asked.length;
  const answers = Array.from({ length: 10 }, () => flooding.request<"members">({ type: "members" }));
  // Frames of a link are taken up in order: once this is answered, all ten have been.
  const [sent] = await flooding.sendItems([envelopeOf(fixture.meshId, alice, bob.memberId, "hello")]);
  assert.equal(sent?.status, 201);
  assert.equal(asked.length - before, at);
  assert.ok(await other.request<"topics">({ type: "topics" }));
  released.resolve();
  for (const { members } of await Promise.all(answers)) assert.equal(members.length, 2);
  assert.equal(asked.length - before, 10);
});

test("what a link still waits to ask when it ends is not asked", async (t) => {
  const store = storeIn(t);
  const released = Promise.withResolvers<void>();
  let asked = 0;
  const members: typeof store.members = async (meshId) => {
    asked += 1;
    await released.promise;
    return store.members(meshId);
  };
  const fixture = await brokerFixture(t, { store: { ...store, members }, limits: { linkRequestsMax: 1 } });
  const alice = await fixture.member("alice");
  const link = await fixture.connect(alice);
  const before = asked;
  for (let id = 1; id <= 5; id += 1) link.send({ type: "members", id });
  await link.sendItems([envelopeOf(fixture.meshId, alice, alice.memberId, "hello")]);
  await link.close();
  const again = await fixture.connect(alice);
  released.resolve();
  assert.ok(await again.request<"members">({ type: "members" }));
  assert.equal(asked - before, 2);
});

test("receipts of one link for members who are away are kept a few at once, and all of them", async (t) => {
  const store = storeIn(t);
  const released = Promise.withResolvers<void>();
  let [asked, kept] = [0, 0];
  const member: typeof store.member = async (meshId, memberId) => {
    const row = await store.member(meshId, memberId);
    if (row?.name !== "carol") return row;
    asked += 1;
    await released.promise;
    return row;
  };
  const addReceipts: typeof store.addReceipts = async (...words) => {
    await store.addReceipts(...words);
    kept += words[1].length;
  };
  const fixture = await brokerFixture(t, { store: { ...store, member, addReceipts }, limits: { linkRequestsMax: 2 } });
  const [alice, carol] = [await fixture.member("alice"), await fixture.member("carol")];
  const link = await fixture.connect(alice);
  const group = { to: carol.memberId, from: alice.memberId, items: [], signature: "" };
  link.send({ type: "receipt", id: 1_001, groups: Array.from({ length: 5 }, () => group) });
  link.send({ type: "receipt", id: 1_002, groups: [group] });
  await link.sendItems([envelopeOf(fixture.meshId, alice, alice.memberId, "hello")]);
  assert.equal(asked, 2);
  released.resolve();
  for (const id of [1_001, 1_002])
    await link.next(
      (frame): frame is Extract<typeof frame, { type: "reply" }> => frame.type === "reply" && frame.id === id,
    );
  assert.deepEqual([asked, kept], [6, 6]);
});
