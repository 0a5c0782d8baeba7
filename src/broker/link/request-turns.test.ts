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
