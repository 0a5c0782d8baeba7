import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { ConcurrencyPolicy } from "../../protocol/concurrency.ts";
import { at, fleetFixture } from "../testing/fleet.ts";
import { envelopeOf, newIdentity } from "../testing/peer.ts";
import { onServer, sharedPostgres } from "../testing/postgres-server.ts";

const server = sharedPostgres();

/** Two brokers over one database, which hear of each other by Redis or not at all, and a member whose keys several daemons have. */
async function bench(t: TestContext, redis: "with Redis" | "without Redis", policy: ConcurrencyPolicy) {
  const url = await (await server()).createDatabase();
  const fleet = await fleetFixture(t, url, 2);
  const ada = newIdentity();
  const path = `/v1/meshes/${fleet.meshId}/members`;
  await at(fleet, 0).admin("POST", path, { member_id: ada.memberId, name: "ada", role: "admin" });
  const alice = await at(fleet, 0).member("alice");
  if (redis === "without Redis") await fleet.redis.kill();
  const admin = await at(fleet, 0).connect(ada);
  const change = (to: ConcurrencyPolicy) => admin.request<"concurrency">({ type: "concurrency", policy: to });
  await change(policy);
  const daemon = (place: number, instance_id: string) =>
    at(fleet, place).connect(alice, { hello: { instance_id, previous_instance_id: null } });
  const told = (place: number) => {
    if (redis === "without Redis") fleet.sweep([place]);
  };
  const write = () => envelopeOf(fleet.meshId, alice, ada.memberId, "hello");
  const sql = (text: string) => onServer(url, async (client) => (await client.query(text)).rowCount);
  return { fleet, ada, alice, admin, change, daemon, told, write, sql };
}

for (const redis of ["with Redis", "without Redis"] as const) {
  test(`who is connected at one broker stays so when a second daemon comes to another, under prefer_oldest, ${redis}`, async (t) => {
    const { fleet, daemon, told, write } = await bench(t, redis, "prefer_oldest");
    const first = await daemon(1, "one");
    await assert.rejects(daemon(0, "two"), /closed 4004/);
    told(1);
    assert.equal((await first.sendItems([write()]))[0]?.status, 201);
    assert.equal(fleet.entries(/a second daemon uses this identity; it was refused, as the/).length, 1);
  });

  test(`of daemons at several brokers one receives, and when it goes the oldest of the others does, ${redis}`, async (t) => {
    const { fleet, ada, alice, admin, daemon, told, write } = await bench(t, redis, "allow_concurrent");
    const [one, two, three] = [await daemon(0, "one"), await daemon(1, "two"), await daemon(0, "three")];
    assert.deepEqual(
      [one, two, three].map(({ ack }) => ack.receives),
      [true, false, false],
    );
    for (const peer of [one, two, three]) assert.equal((await peer.sendItems([write()]))[0]?.status, 201);
    for (const place of [0, 1]) told(place);
    await admin.sendItems([envelopeOf(fleet.meshId, ada, alice.memberId, "to whoever receives")]);
    await one.pushes(1);
    await one.close();
    // The other broker is told once the link's end is in the database.
    while (redis === "without Redis" && two.socket.readyState === two.socket.OPEN) {
      told(1);
      await two.request<"members">({ type: "members" }).catch(() => undefined);
    }
    assert.equal((await two.closed).code, 1012);
    const again = await daemon(1, "two");
    assert.equal(again.ack.receives, true);
    await again.pushes(1);
    assert.equal(three.socket.readyState, three.socket.OPEN);
  });

  test(`a policy that is changed at one broker ends a member's links at another, and accepts nothing of them before, ${redis}`, async (t) => {
    const { change, daemon, told, write } = await bench(t, redis, "allow_concurrent");
    const [one, two] = [await daemon(1, "one"), await daemon(1, "two")];
    await change("prefer_newest");
    if (redis === "without Redis") {
      const [answer] = await two.sendItems([write()]);
      assert.deepEqual([answer?.status, answer !== undefined && "code" in answer && answer.code], [503, "behind"]);
    }
    told(1);
    assert.deepEqual([(await one.closed).code, (await two.closed).code], [1012, 1012]);
    await daemon(1, "one");
    await daemon(0, "two");
  });
}

test("who only sends takes the place of a receiving link whose broker is dead, once its lease is over", async (t) => {
  const { daemon, told, sql, alice } = await bench(t, "without Redis", "allow_concurrent");
  // As a killed broker leaves it.
  const dead = "01890000-0000-7000-8000-0000000000dd";
  await sql(
    `INSERT INTO mesh.broker_lease (instance_id, lease_until, started_at) VALUES ('${dead}', 9000000000000000, 1)`,
  );
  await sql(
    `UPDATE mesh.member SET link_epoch = 1, linked_by = '${dead}', instance_id = 'dead' WHERE member_id = '${alice.memberId}'`,
  );
  const waits = await daemon(1, "two");
  assert.equal(waits.ack.receives, false);
  told(1);
  await waits.request<"members">({ type: "members" });
  assert.equal(waits.socket.readyState, waits.socket.OPEN);
  await sql(`UPDATE mesh.broker_lease SET lease_until = 1 WHERE instance_id = '${dead}'`);
  // A sweep that is under way began before that.
  while (waits.socket.readyState === waits.socket.OPEN) {
    told(1);
    await waits.request<"members">({ type: "members" }).catch(() => undefined);
  }
  assert.equal((await waits.closed).code, 1012);
  assert.equal((await daemon(1, "two")).ack.receives, true);
});
