import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { EventFrame } from "../../protocol/frames.ts";
import { defaultBrokerLimits } from "../broker-limits.ts";
import { at, type FleetFixture, fleetFixture } from "../testing/fleet.ts";
import type { Peer } from "../testing/peer.ts";
import { sharedPostgres } from "../testing/postgres-server.ts";

const server = sharedPostgres();
const fleetOf = async (t: TestContext, count: number): Promise<FleetFixture> =>
  fleetFixture(t, await (await server()).createDatabase(), count);

const heard = (peer: Peer, event: EventFrame["event"]): EventFrame[] =>
  peer.frames.filter((frame): frame is EventFrame => frame.type === "event" && frame.event === event);

/** Resolves when the peer has heard it; fails when it heard it more often than once. */
async function hearsOnce(peer: Peer, event: EventFrame["event"]): Promise<EventFrame> {
  const found = await peer.next((frame): frame is EventFrame => frame.type === "event" && frame.event === event);
  await peer.request<"members">({ type: "members" });
  assert.equal(heard(peer, event).length, 1, event);
  return found;
}

test("a new topic and a new member are told to every link of the mesh, each once, whatever broker it is at", async (t) => {
  const fleet = await fleetOf(t, 3);
  const alice = await at(fleet, 0).connect(await at(fleet, 0).member("alice"));
  const others = [
    await at(fleet, 1).connect(await at(fleet, 1).member("bob")),
    await at(fleet, 2).connect(await at(fleet, 2).member("carol")),
    await at(fleet, 2).connect(await at(fleet, 2).member("dave")),
  ];
  await alice.request<"topic_create">({ type: "topic_create", name: "builds" });
  for (const other of others) await hearsOnce(other, "topic_created");
  assert.deepEqual(heard(alice, "topic_created"), []);
  const before = others.map((other) => heard(other, "member_joined").length);
  await at(fleet, 1).member("erin");
  const named = (frame: unknown): frame is EventFrame =>
    (frame as { event?: string; member?: { name: string } }).event === "member_joined" &&
    (frame as { member: { name: string } }).member.name === "erin";
  for (const [n, other] of others.entries()) {
    await other.next(named);
    await other.request<"members">({ type: "members" });
    assert.equal(heard(other, "member_joined").length, (before[n] ?? 0) + 1);
  }
});

test("what a member tells of its agents is told to every link of the mesh, each once, whatever broker it is at", async (t) => {
  const fleet = await fleetOf(t, 2);
  const alice = await at(fleet, 0).connect(await at(fleet, 0).member("alice"));
  const watchers = [
    await at(fleet, 0).connect(await at(fleet, 0).member("bob")),
    await at(fleet, 1).connect(await at(fleet, 1).member("carol")),
  ];
  const told = { agents: ["shop"], agents_told: { former: [], online: ["shop"] } };
  await alice.request<"presence">({ type: "presence", ...told });
  for (const watcher of watchers) {
    const { agents, agents_told } = (await hearsOnce(watcher, "agents_changed")) as typeof told & EventFrame;
    assert.deepEqual({ agents, agents_told }, told);
    const { members } = await watcher.request<"members">({ type: "members" });
    assert.deepEqual(members.find(({ name }) => name === "alice")?.agents_told, told.agents_told);
  }
});

test("a member comes and goes once for all, and not when it only changes its broker", async (t) => {
  const fleet = await fleetOf(t, 2);
  const { presenceLeaseMs, sweepMs } = defaultBrokerLimits;
  const watchers = [
    await at(fleet, 0).connect(await at(fleet, 0).member("w0")),
    await at(fleet, 1).connect(await at(fleet, 1).member("w1")),
  ];
  const alice = await at(fleet, 0).member("alice");
  const of = (frame: unknown): frame is EventFrame => {
    const event = frame as { event?: string; member?: { name: string } };
    return (event.event === "member_online" || event.event === "member_offline") && event.member?.name === "alice";
  };
  const came = (watcher: Peer): string[] => watcher.frames.filter(of).map(({ event }) => event);
  const first = await at(fleet, 0).connect(alice, { hello: { instance_id: "a" } });
  for (const watcher of watchers) await watcher.next(of);
  await first.close();
  const second = await at(fleet, 1).connect(alice, { hello: { instance_id: "a" } });
  await second.request<"members">({ type: "members" });
  for (const watcher of watchers) {
    await watcher.request<"members">({ type: "members" });
    assert.deepEqual(came(watcher), ["member_online"]);
  }
  await second.close();
  // Peers answer pings by themselves; time passes in steps, as for them.
  const gone = Promise.all(
    watchers.map((watcher) =>
      watcher.next((frame): frame is EventFrame => of(frame) && frame.event === "member_offline"),
    ),
  );
  let isGone = false;
  void gone.then(() => {
    isGone = true;
  });
  for (let passed = 0; !isGone; passed += sweepMs) {
    fleet.sweep();
    for (const n of [0, 1]) await at(fleet, n).metric("cm_broker_links");
    for (const watcher of watchers) await watcher.request<"members">({ type: "members" });
    assert.ok(passed < presenceLeaseMs * 4, "offline within its lease");
  }
  for (let more = 0; more < 3; more += 1) {
    fleet.sweep();
    for (const watcher of watchers) await watcher.request<"members">({ type: "members" });
  }
  for (const watcher of watchers) assert.deepEqual(came(watcher), ["member_online", "member_offline"]);
});

test("the members of a broker that stands still go offline at the others by the end of their leases, and its part of the work goes on", async (t) => {
  const fleet = await fleetOf(t, 3);
  const watchers = [
    await at(fleet, 1).connect(await at(fleet, 1).member("w1")),
    await at(fleet, 2).connect(await at(fleet, 2).member("w2")),
  ];
  const alice = await at(fleet, 0).connect(await at(fleet, 0).member("alice"));
  for (const watcher of watchers)
    await watcher.next(
      (frame): frame is EventFrame =>
        frame.type === "event" && frame.event === "member_online" && frame.member.name === "alice",
    );
  const live = (n: number) => at(fleet, n).metric("cm_broker_live_brokers");
  // Its clock stands still: it extends no lease and sweeps no more, as if it were killed.
  await alice.close();
  const gone = Promise.all(watchers.map((watcher) => hearsOnce(watcher, "member_offline")));
  let isGone = false;
  void gone.then(() => {
    isGone = true;
  });
  while (!isGone) {
    fleet.sweep([1, 2]);
    for (const watcher of watchers) await watcher.request<"members">({ type: "members" });
    await live(1);
  }
  await gone;
  assert.deepEqual([await live(1), await live(2)], [2, 2]);
});
