import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { BrokerFrame, HelloFrame } from "../../protocol/frames.ts";
import { type Fixture, brokerFixture } from "../testing/fixture.ts";
import { type Identity, newIdentity, type Peer } from "../testing/peer.ts";

type CloneEvent = Extract<BrokerFrame, { event: "member_clone_suspected" }>;
const isCloneEvent = (frame: BrokerFrame): frame is CloneEvent =>
  frame.type === "event" && frame.event === "member_clone_suspected";
const [homePrint, awayPrint] = ["aa".repeat(32), "bb".repeat(32)];

async function memberOf(fixture: Fixture, name: string, role: string): Promise<Identity> {
  const identity = newIdentity();
  const path = `/v1/meshes/${fixture.meshId}/members`;
  assert.equal((await fixture.admin("POST", path, { member_id: identity.memberId, name, role })).status, 200);
  return identity;
}

/** An owner, an admin and a member who listen, and bob, whose daemon comes from one host after another. */
async function bench(t: TestContext) {
  const fixture = await brokerFixture(t);
  const members = Object.fromEntries(
    await Promise.all(
      (["owner", "admin", "member"] as const).map(async (role) => [role, await memberOf(fixture, role, role)] as const),
    ),
  ) as Record<"owner" | "admin" | "member", Identity>;
  const owner = await fixture.connect(members.owner);
  const [admin, member] = [await fixture.connect(members.admin), await fixture.connect(members.member)];
  const bob = await memberOf(fixture, "bob", "member");
  const from = (hello: Partial<HelloFrame>): Promise<Peer> =>
    fixture.connect(bob, { hello: { instance_id: "one", ...hello } });
  /** What was told so far: whoever has the answer to this has every event before it. */
  const told = async (peer: Peer): Promise<readonly string[]> => {
    await peer.request<"members">({ type: "members" });
    return peer.frames.filter(isCloneEvent).map(({ reason }) => reason);
  };
  const shownTo = async (peer: Peer): Promise<string | null | undefined> => {
    const { members: all } = await peer.request<"members">({ type: "members" });
    return all.find(({ member_id }) => member_id === bob.memberId)?.clone_suspected_at;
  };
  return { fixture, owner, admin, member, bob, from, told, shownTo };
}

test("a member that comes from another host is told to owners and admins alone, once, and noted for an audit", async (t) => {
  const { fixture, owner, admin, member, bob, from, told } = await bench(t);
  await from({ host_print: homePrint });
  await from({ host_print: homePrint });
  assert.deepEqual(await told(owner), []);
  await from({ host_print: awayPrint });
  await from({ host_print: awayPrint });
  for (const peer of [owner, admin]) {
    assert.deepEqual(await told(peer), ["host_changed"]);
    assert.equal(peer.frames.find(isCloneEvent)?.member_id, bob.memberId);
  }
  assert.deepEqual(await told(member), []);
  const audits = fixture.logged.filter(({ fields }) => fields["audit"] === "member_clone_suspected");
  assert.deepEqual(
    audits.map(({ fields }) => [fields["member_id"], fields["reason"]]),
    [[bob.memberId, "host_changed"]],
  );
  const sample = `cm_broker_clone_suspected_total{mesh="${fixture.meshId}",reason="host_changed"}`;
  assert.equal(await fixture.metric(sample), 1);
  // Back again: a host that changes to and fro is two.
  await from({ host_print: homePrint });
  assert.deepEqual(await told(owner), ["host_changed", "host_changed"]);
});

test("a daemon that takes its host for a copy is told once for as long as it says so, with its reason", async (t) => {
  const { owner, from, told } = await bench(t);
  await from({ host_print: homePrint });
  await from({ host_print: homePrint, clone_suspected: "wired_address" });
  await from({ host_print: homePrint, clone_suspected: "wired_address" });
  assert.deepEqual(await told(owner), ["wired_address"]);
  await from({ host_print: awayPrint, clone_suspected: "host_id" });
  assert.deepEqual(await told(owner), ["wired_address", "host_id"]);
  // Accepted, with another salt: the change that it is, and nothing more.
  await from({ host_print: "cc".repeat(32) });
  await from({ host_print: "cc".repeat(32) });
  assert.deepEqual(await told(owner), ["wired_address", "host_id", "host_changed"]);
});

test("the first print, and a daemon that tells none, are no news", async (t) => {
  const { owner, from, told, shownTo } = await bench(t);
  await from({ host_print: null });
  await from({ host_print: homePrint });
  await from({ host_print: null });
  await from({ host_print: homePrint });
  assert.deepEqual(await told(owner), []);
  assert.equal(await shownTo(owner), null);
});

test("whoever was away finds when it was among the members, over a restart of the broker too, and others are not shown it", async (t) => {
  const { fixture, owner, member, bob, from, shownTo } = await bench(t);
  await from({ host_print: homePrint });
  const at = new Date(fixture.clock.now()).toISOString();
  await from({ host_print: awayPrint });
  fixture.clock.advance(60_000);
  assert.equal(await shownTo(owner), at);
  assert.equal(await shownTo(member), undefined);
  assert.equal(await shownTo(await fixture.connect(bob, { hello: { host_print: awayPrint } })), at, "its own");
  await fixture.restart();
  const admin = await fixture.connect(await memberOf(fixture, "later", "admin"));
  assert.equal(await shownTo(admin), at);
});

test("a hello that says of its host what is no reason is refused", async (t) => {
  const { from } = await bench(t);
  for (const clone_suspected of ["host_changed", "", 1, null])
    await assert.rejects(from({ clone_suspected } as unknown as Partial<HelloFrame>), /closed 4001/);
});
