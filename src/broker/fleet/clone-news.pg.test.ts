import assert from "node:assert/strict";
import { test } from "node:test";
import type { BrokerFrame } from "../../protocol/frames.ts";
import { at, fleetFixture } from "../testing/fleet.ts";
import { newIdentity } from "../testing/peer.ts";
import { sharedPostgres } from "../testing/postgres-server.ts";

const server = sharedPostgres();
type CloneEvent = Extract<BrokerFrame, { event: "member_clone_suspected" }>;
const isCloneEvent = (frame: BrokerFrame): frame is CloneEvent =>
  frame.type === "event" && frame.event === "member_clone_suspected";

test("a member that comes to one broker from another host is told to an admin at another broker, and to no member there", async (t) => {
  const fleet = await fleetFixture(t, await (await server()).createDatabase(), 2);
  await fleet.hearing(2);
  const ada = newIdentity();
  const admin = { member_id: ada.memberId, name: "ada", role: "admin" };
  assert.equal((await at(fleet, 0).admin("POST", `/v1/meshes/${fleet.meshId}/members`, admin)).status, 200);
  const [bob, carol] = [await at(fleet, 0).member("bob"), await at(fleet, 0).member("carol")];
  const [watcher, member] = [await at(fleet, 1).connect(ada), await at(fleet, 1).connect(carol)];
  await at(fleet, 0).connect(bob, { hello: { instance_id: "one", host_print: "aa".repeat(32) } });
  await at(fleet, 0).connect(bob, { hello: { instance_id: "one", host_print: "bb".repeat(32) } });
  const event = await watcher.next(isCloneEvent);
  assert.deepEqual([event.member_id, event.reason], [bob.memberId, "host_changed"]);
  await member.request<"members">({ type: "members" });
  assert.ok(!member.frames.some(isCloneEvent));
  const { members } = await watcher.request<"members">({ type: "members" });
  assert.notEqual(members.find(({ name }) => name === "bob")?.clone_suspected_at, null);
});
