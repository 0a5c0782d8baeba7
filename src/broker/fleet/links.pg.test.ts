import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { newUuidV7 } from "../../protocol/ids.ts";
import { at, type FleetFixture, fleetFixture } from "../testing/fleet.ts";
import { envelopeOf, isType } from "../testing/peer.ts";
import { onServer, sharedPostgres } from "../testing/postgres-server.ts";

const server = sharedPostgres();

interface Bench extends FleetFixture {
  sql(text: string, values?: unknown[]): Promise<readonly Record<string, unknown>[]>;
}

async function fleetOf(t: TestContext, count = 2): Promise<Bench> {
  const url = await (await server()).createDatabase();
  const fleet = await fleetFixture(t, url, count);
  const sql: Bench["sql"] = (text, values) =>
    onServer(url, async (client) => (await client.query<Record<string, unknown>>(text, values)).rows);
  return { ...fleet, sql };
}

const audit = /a second daemon uses this identity/;
for (const redis of ["with Redis", "without Redis"] as const) {
  test(`a daemon that comes back at another broker takes its own half-open link's place without a word, ${redis}`, async (t) => {
    const fleet = await fleetOf(t);
    const alice = await at(fleet, 0).member("alice");
    const watcher = await at(fleet, 1).connect(await at(fleet, 1).member("watcher"));
    if (redis === "without Redis") await fleet.redis.kill();
    const first = await at(fleet, 0).connect(alice, { hello: { instance_id: "one" } });
    await at(fleet, 1).connect(alice, { hello: { instance_id: "one" } });
    fleet.sweep();
    assert.equal((await first.closed).code, 1006);
    const third = await at(fleet, 0).connect(alice, { hello: { instance_id: "two", previous_instance_id: "one" } });
    assert.deepEqual(fleet.entries(audit), []);
    await watcher.request<"members">({ type: "members" });
    assert.ok(
      !watcher.frames.some((frame) => frame.type === "event" && frame.event === "member_concurrent_connection"),
    );
    assert.equal(third.socket.readyState, third.socket.OPEN);
  });

  test(`another daemon of the member takes its link's place with 4003 and an audit event, once, ${redis}`, async (t) => {
    const fleet = await fleetOf(t);
    const alice = await at(fleet, 0).member("alice");
    const watchers = [
      await at(fleet, 0).connect(await at(fleet, 0).member("w0")),
      await at(fleet, 1).connect(await at(fleet, 1).member("w1")),
    ];
    if (redis === "without Redis") await fleet.redis.kill();
    const first = await at(fleet, 0).connect(alice, { hello: { instance_id: "one" } });
    await at(fleet, 1).connect(alice, { hello: { instance_id: "stranger" } });
    // The wake-up closes it; a clock that moved on would cut it before the close was heard.
    if (redis === "without Redis") fleet.sweep();
    assert.equal((await first.closed).code, 4003);
    assert.equal(fleet.entries(audit).length, 1);
    for (const watcher of redis === "with Redis" ? watchers : watchers.slice(1)) {
      const event = (frame: (typeof watcher.frames)[number]) =>
        frame.type === "event" && frame.event === "member_concurrent_connection";
      await watcher.next(((frame) => event(frame)) as (frame: (typeof watcher.frames)[number]) => frame is never);
      await watcher.request<"members">({ type: "members" });
      assert.equal(watcher.frames.filter(event).length, 1);
    }
  });
}

test("an older link can neither accept nor acknowledge, also before anybody told its broker", async (t) => {
  const fleet = await fleetOf(t);
  const [alice, bob] = [await at(fleet, 0).member("alice"), await at(fleet, 0).member("bob")];
  const first = await at(fleet, 0).connect(alice, { hello: { instance_id: "one" } });
  const from = await at(fleet, 0).connect(bob);
  await from.sendItems([envelopeOf(fleet.meshId, bob, alice.memberId, "hello")]);
  const [item] = await first.pushes(1);
  await fleet.redis.kill();
  const second = await at(fleet, 1).connect(alice, { hello: { instance_id: "stranger" } });
  const [answer] = await first.sendItems([envelopeOf(fleet.meshId, alice, bob.memberId, "late")]);
  assert.deepEqual([answer?.status, answer !== undefined && "code" in answer && answer.code], [503, "behind"]);
  first.acknowledge("dm", item?.seq ?? 0);
  // The store's answer to the acknowledgement ends it, before any sweep.
  assert.equal((await first.closed).code, 4003);
  await second.pushes(1);
  const [cursor] = await fleet.sql("SELECT seq FROM mesh.cursor WHERE member_id = $1 AND destination = 'dm'", [
    alice.memberId,
  ]);
  assert.ok(Number(cursor?.["seq"]) < (item?.seq ?? 0));
});

test("a hello of a connection that is gone ends no daemon: its live link is told to come back", async (t) => {
  const fleet = await fleetOf(t);
  const alice = await at(fleet, 0).member("alice");
  const live = await at(fleet, 1).connect(alice, { hello: { instance_id: "two" } });
  // As broker 0 leaves it when a hello is raised whose peer left: a higher link_epoch, of another process, and nobody's.
  await fleet.sql(
    "UPDATE mesh.member SET link_epoch = link_epoch + 1, instance_id = 'one', linked_by = NULL WHERE member_id = $1",
    [alice.memberId],
  );
  fleet.sweep();
  assert.equal((await live.closed).code, 1012);
  assert.deepEqual(fleet.entries(audit), []);
});

test("the newer link of a broker that was killed ends no daemon once that broker's lease is over", async (t) => {
  const fleet = await fleetOf(t);
  const alice = await at(fleet, 0).member("alice");
  const live = await at(fleet, 1).connect(alice, { hello: { instance_id: "two" } });
  const dead = newUuidV7(0);
  await fleet.sql("INSERT INTO mesh.broker_lease (instance_id, lease_until, started_at) VALUES ($1, 1, 1)", [dead]);
  await fleet.sql(
    "UPDATE mesh.member SET link_epoch = link_epoch + 1, instance_id = 'one', linked_by = $2 WHERE member_id = $1",
    [alice.memberId, dead],
  );
  fleet.sweep();
  assert.equal((await live.closed).code, 1006);
});

test("a member that is revoked loses its link at whatever broker it is", async (t) => {
  const fleet = await fleetOf(t);
  const alice = await at(fleet, 0).member("alice");
  const link = await at(fleet, 1).connect(alice);
  await fleet.sql("UPDATE mesh.member SET status = 'revoked', link_epoch = link_epoch + 1 WHERE member_id = $1", [
    alice.memberId,
  ]);
  fleet.sweep();
  assert.equal((await link.closed).code, 4005);
  assert.equal((await link.next(isType("error"))).code, "member_revoked");
});

test("of links that are looked at in several parts, each that ended is found, and those that go offline are told once", async (t) => {
  const url = await (await server()).createDatabase();
  const fleet = await fleetFixture(t, url, 1, { limits: { sweepLinksMax: 2 } });
  const members = await Promise.all(["a", "b", "c", "d", "e"].map((name) => at(fleet, 0).member(name)));
  const links = await Promise.all(members.map((member) => at(fleet, 0).connect(member)));
  const gone = await at(fleet, 0).member("gone");
  const last = await at(fleet, 0).connect(gone);
  await last.request<"members">({ type: "members" });
  const now = fleet.clocks[0]?.now() ?? 0;
  await onServer(url, async (client) => {
    await client.query("UPDATE mesh.member SET online_until = $2 WHERE member_id = $1", [gone.memberId, now + 1_000]);
    await client.query("UPDATE mesh.member SET status = 'revoked' WHERE member_id = $1", [members[4]?.memberId]);
  });
  fleet.sweep();
  assert.equal((await links[4]?.closed)?.code, 4005);
  const offline = (frame: unknown): frame is never => (frame as { event?: string }).event === "member_offline";
  await links[0]?.next(offline);
  await links[0]?.request<"members">({ type: "members" });
  assert.equal(links[0]?.frames.filter(offline).length, 1);
});
