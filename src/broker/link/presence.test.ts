import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { AgentsTold } from "../../protocol/agent-frames.ts";
import type { EventFrame } from "../../protocol/frames.ts";
import { type Fixture, brokerFixture } from "../testing/fixture.ts";
import { newIdentity, type Peer } from "../testing/peer.ts";

const told = (
  agents: readonly string[],
  online: readonly string[] = [],
  former: readonly string[] = [],
): AgentsTold => ({
  agents,
  agents_told: { former, online },
});
const nothing: AgentsTold = { agents: [], agents_told: null };

async function bench(t: TestContext) {
  const fixture = await brokerFixture(t);
  const [ada, bob] = [await fixture.member("ada"), await fixture.member("bob")];
  return { fixture, ada, bob, watcher: await fixture.connect(bob) };
}

const isChange = (frame: unknown): frame is Extract<EventFrame, { event: "agents_changed" }> =>
  (frame as { event?: string }).event === "agents_changed";

async function changesAt(peer: Peer): Promise<AgentsTold[]> {
  await peer.request<"members">({ type: "members" });
  return peer.frames.filter(isChange).map(({ agents, agents_told }) => ({ agents, agents_told }));
}

async function adaAsTold(peer: Peer): Promise<AgentsTold> {
  const { members } = await peer.request<"members">({ type: "members" });
  const { agents, agents_told = null } = members.find(({ name }) => name === "ada") ?? assert.fail("no ada");
  return { agents, agents_told };
}

test("what a member tells of its agents, in its hello and afterwards, is told to the mesh, each change once", async (t) => {
  const { fixture, ada, watcher } = await bench(t);
  const { agents, agents_told } = told(["shop"]);
  const peer = await fixture.connect(ada, { hello: { agents, ...(agents_told === null ? {} : { agents_told }) } });
  assert.deepEqual(await adaAsTold(watcher), told(["shop"]));
  assert.deepEqual(await changesAt(watcher), [], "the hello's are told with the member's coming");
  const now = told(["reviewer"], ["reviewer"], ["shop"]);
  for (let again = 0; again < 2; again++)
    assert.deepEqual(await peer.request<"presence">({ type: "presence", ...now }), {});
  assert.deepEqual([await changesAt(watcher), await adaAsTold(watcher)], [[now], now]);
  assert.deepEqual(await changesAt(peer), [], "nobody is told of itself");
});

test("a daemon that tells nothing takes back what another one told before; within the lease the mesh hears of it", async (t) => {
  const { fixture, ada, watcher } = await bench(t);
  const first = await fixture.connect(ada, { hello: { agents: ["shop"], agents_told: { former: [], online: [] } } });
  await first.close();
  await fixture.connect(ada);
  await watcher.next(isChange);
  assert.deepEqual([await changesAt(watcher), await adaAsTold(watcher)], [[nothing], nothing]);
});

test("a link that only sends changes nothing of what is told of its member", async (t) => {
  const { fixture, ada, watcher } = await bench(t);
  const admin = await ownerOf(fixture);
  await admin.request<"concurrency">({ type: "concurrency", policy: "allow_concurrent" });
  const known = told(["shop"], ["shop"]);
  const { agents, agents_told } = known;
  await fixture.connect(ada, { hello: { agents, ...(agents_told === null ? {} : { agents_told }) } });
  const second = await fixture.connect(ada, { hello: { instance_id: "another" } });
  assert.equal(second.ack.receives, false);
  await second.request<"presence">({ type: "presence", ...told(["other"]) });
  assert.deepEqual([await changesAt(watcher), await adaAsTold(watcher)], [[], known]);
});

test("agents that are no names, or more than can be told, end the link that tells them", async (t) => {
  const { fixture, ada } = await bench(t);
  const many = Array.from({ length: 257 }, (_, n) => `a${n}`);
  for (const agents of [["a\nb"], ["-x"], many]) {
    const peer = await fixture.connect(ada);
    peer.socket.send(JSON.stringify({ type: "presence", id: 1, agents, agents_told: null }));
    assert.match((await peer.closed).reason, /protocol_error/, agents[0]);
  }
});

async function ownerOf(fixture: Fixture): Promise<Peer> {
  const owner = newIdentity();
  const member = { member_id: owner.memberId, name: "owner", role: "owner" };
  assert.equal((await fixture.admin("POST", `/v1/meshes/${fixture.meshId}/members`, member)).status, 200);
  return fixture.connect(owner);
}
