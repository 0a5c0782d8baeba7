import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { closeCodes, closeReasonBytesMax } from "../../protocol/close-codes.ts";
import type { BrokerFrame, ErrorFrame } from "../../protocol/frames.ts";
import { limits } from "../../protocol/limits.ts";
import { type Fixture, brokerFixture } from "../testing/fixture.ts";
import { envelopeOf, type Identity, newIdentity, type Peer } from "../testing/peer.ts";

const minute = 60_000;

async function memberOf(fixture: Fixture, name: string, role: string): Promise<Identity> {
  const identity = newIdentity();
  const path = `/v1/meshes/${fixture.meshId}/members`;
  assert.equal((await fixture.admin("POST", path, { member_id: identity.memberId, name, role })).status, 200);
  return identity;
}

/** An admin and a member, both connected. */
async function bench(t: TestContext) {
  const fixture = await brokerFixture(t);
  const [ada, bob] = [await memberOf(fixture, "ada", "admin"), await memberOf(fixture, "bob", "member")];
  const [admin, peer] = [await fixture.connect(ada), await fixture.connect(bob)];
  const kick = (forMs: number, by: Peer = admin, who = bob.memberId) =>
    by.request<"kick">({ type: "kick", member_id: who, for_ms: forMs });
  return { fixture, ada, bob, admin, peer, kick };
}

const isClosing = (frame: BrokerFrame): frame is ErrorFrame => frame.type === "error" && frame.closes;

test("a member that is kicked is told until when and by whom, and is refused until then, while others go on", async (t) => {
  const { fixture, ada, bob, admin, peer, kick } = await bench(t);
  const until = new Date(fixture.clock.now() + 10 * minute).toISOString();
  assert.deepEqual(await kick(10 * minute), { until });
  const { code, reason } = await peer.closed;
  assert.equal(code, closeCodes.kicked);
  assert.deepEqual(JSON.parse(reason), { kind: "kicked", detail: `until ${until} by @ada` });
  const { details, retryable } = peer.frames.find(isClosing) ?? assert.fail("no error frame before the close");
  assert.deepEqual(details, { kind: "kicked", detail: `until ${until} by @ada`, until, by: ada.memberId });
  assert.equal(retryable, true);
  const { members } = await admin.request<"members">({ type: "members" });
  assert.equal(members.find(({ name }) => name === "bob")?.kicked_until, until);
  const refused = new RegExp(`closed 4009 .*until ${until} by @ada`);
  await assert.rejects(fixture.connect(bob), refused);
  fixture.clock.advance(10 * minute - 1);
  await assert.rejects(fixture.connect(bob), refused);
  fixture.clock.advance(1);
  const back = await fixture.connect(bob);
  const after = await back.request<"members">({ type: "members" });
  assert.equal(after.members.find(({ name }) => name === "bob")?.kicked_until, null);
});

test("a kick is told to the mesh and noted for an audit, and outlasts the broker's process", async (t) => {
  const { fixture, ada, bob, admin, kick } = await bench(t);
  const { until } = await kick(10 * minute);
  const event = await admin.next(
    (frame): frame is Extract<BrokerFrame, { event: "member_kicked" }> =>
      frame.type === "event" && frame.event === "member_kicked",
  );
  assert.deepEqual(event, { type: "event", event: "member_kicked", member_id: bob.memberId, by: ada.memberId, until });
  const audit = fixture.logged.find(({ fields }) => fields["audit"] === "member_kicked");
  assert.deepEqual(audit?.fields, {
    audit: "member_kicked",
    mesh_id: fixture.meshId,
    member_id: bob.memberId,
    by: ada.memberId,
    until,
  });
  await fixture.restart();
  await assert.rejects(fixture.connect(bob), /closed 4009/);
});

test("a kick for no time takes an earlier one back, and leaves a member that is connected alone", async (t) => {
  const { fixture, bob, peer, kick } = await bench(t);
  assert.deepEqual(await kick(0), { until: null });
  const [sent] = await peer.sendItems([envelopeOf(fixture.meshId, bob, bob.memberId, "still here")]);
  assert.equal(sent?.status, 201);
  await kick(limits.kickMsMax);
  await peer.closed;
  assert.deepEqual(await kick(0), { until: null });
  await fixture.connect(bob);
});

test("who may end a membership may kick: owners and admins, nobody above their own role, and nobody itself", async (t) => {
  const { fixture, ada, bob, admin, peer, kick } = await bench(t);
  const owner = await memberOf(fixture, "olga", "owner");
  for (const [by, who, why] of [
    [peer, ada, /owners and admins of the mesh/],
    [admin, owner, /an admin of this mesh cannot send an owner away/],
    [admin, ada, /nobody sends itself away/],
    [admin, newIdentity(), /no active member/],
  ] as const) {
    await assert.rejects(kick(minute, by, who.memberId), /not_allowed|not_a_member/);
    const told = by.frames.findLast((frame) => frame.type === "error");
    assert.match(told?.message ?? "", why);
  }
  const second = await memberOf(fixture, "otto", "owner");
  const strong = await fixture.connect(owner);
  for (const who of [second, ada, bob]) assert.ok((await kick(minute, strong, who.memberId)).until);
});

test("a time that is none, or longer than thirty days, is malformed", async (t) => {
  for (const forMs of [-1, 1.5, limits.kickMsMax + 1, "1"]) {
    const { admin, bob } = await bench(t);
    admin.send({ type: "kick", id: 1, member_id: bob.memberId, for_ms: forMs });
    assert.equal((await admin.closed).code, closeCodes.protocol_error);
  }
});

test("a link that was kicked behind the broker's back is closed as kicked when it next acknowledges, and never as replaced", async (t) => {
  const { fixture, ada, bob, admin, peer } = await bench(t);
  await admin.sendItems([envelopeOf(fixture.meshId, ada, bob.memberId, "hello")]);
  const [pushed] = await peer.pushes(1);
  const until = fixture.clock.now() + minute;
  fixture.plant(
    `UPDATE member SET kicked_until = ${until}, kicked_by = '${ada.memberId}', link_epoch = link_epoch + 1 WHERE member_id = '${bob.memberId}'`,
  );
  peer.acknowledge("dm", pushed?.seq ?? 0);
  const { code, reason } = await peer.closed;
  assert.equal(code, closeCodes.kicked);
  assert.ok(Buffer.byteLength(reason) <= closeReasonBytesMax);
});
