import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { at, type FleetFixture, fleetFixture } from "../testing/fleet.ts";
import { type Identity, newIdentity } from "../testing/peer.ts";
import { sharedPostgres } from "../testing/postgres-server.ts";

const server = sharedPostgres();
const minute = 60_000;

interface Bench extends FleetFixture {
  readonly ada: Identity;
  readonly bob: Identity;
}

async function fleetOf(t: TestContext): Promise<Bench> {
  const fleet = await fleetFixture(t, await (await server()).createDatabase(), 2);
  const ada = newIdentity();
  const member = { member_id: ada.memberId, name: "ada", role: "admin" };
  assert.equal((await at(fleet, 0).admin("POST", `/v1/meshes/${fleet.meshId}/members`, member)).status, 200);
  return { ...fleet, ada, bob: await at(fleet, 0).member("bob") };
}

for (const redis of ["with Redis", "without Redis"] as const) {
  test(`a member that is kicked at one broker loses its link at another, and opens none at any, ${redis}`, async (t) => {
    const fleet = await fleetOf(t);
    if (redis === "without Redis") await fleet.redis.kill();
    else await fleet.hearing(2);
    const link = await at(fleet, 1).connect(fleet.bob);
    const admin = await at(fleet, 0).connect(fleet.ada);
    const { until } = await admin.request<"kick">({ type: "kick", member_id: fleet.bob.memberId, for_ms: 10 * minute });
    if (redis === "without Redis") fleet.sweep([1]);
    const { code, reason } = await link.closed;
    assert.equal(code, 4009);
    assert.deepEqual(JSON.parse(reason), { kind: "kicked", detail: `until ${until} by @ada` });
    for (const n of [0, 1]) await assert.rejects(at(fleet, n).connect(fleet.bob), /closed 4009 .*until/);
    for (const clock of fleet.clocks) clock.advance(10 * minute);
    await at(fleet, 1).connect(fleet.bob);
  });
}

test("a link whose member was kicked and let back before its broker heard of it is told to come back, and then stays", async (t) => {
  const fleet = await fleetOf(t);
  await fleet.redis.kill();
  const admin = await at(fleet, 0).connect(fleet.ada);
  const kick = (forMs: number) => admin.request<"kick">({ type: "kick", member_id: fleet.bob.memberId, for_ms: forMs });
  const first = await at(fleet, 1).connect(fleet.bob);
  await kick(10 * minute);
  await kick(0);
  fleet.sweep([1]);
  // Its link_epoch was raised by the kick: it comes back as it is.
  assert.equal((await first.closed).code, 1012);
  const second = await at(fleet, 1).connect(fleet.bob);
  fleet.sweep([1]);
  await second.request<"members">({ type: "members" });
  assert.equal(second.socket.readyState, second.socket.OPEN);
});
