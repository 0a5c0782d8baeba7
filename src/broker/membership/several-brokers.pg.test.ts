import assert from "node:assert/strict";
import { test } from "node:test";
import { applyEntry } from "../../protocol/membership/apply-entry.ts";
import type { EventFrame } from "../../protocol/frames.ts";
import { at, fleetFixture } from "../testing/fleet.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { beginChainOf, newMemberOf, rotationOf } from "../testing/chain.ts";
import { envelopeOf, newIdentity, sealedDm } from "../testing/peer.ts";
import { sharedPostgres } from "../testing/postgres-server.ts";
import { sealMesh } from "../testing/sealed-mesh.ts";

const server = sharedPostgres();
const through = { epoch: 1, seq: 0 };

const headIs =
  (n: number) =>
  (frame: unknown): frame is EventFrame => {
    const { event, head } = frame as { event?: string; head?: { n: number } };
    return event === "membership_changed" && head?.n === n;
  };

test("of two entries that are appended at two brokers after one head, exactly one is taken", async (t) => {
  const fleet = await fleetFixture(t, await (await server()).createDatabase(), 2);
  const { chain, owner, admit, meshId, append, ownerLink } = await sealMesh(at(fleet, 0));
  const admin = await admit("ada", "admin");
  const adminLink = await at(fleet, 1).connect(admin);
  for (let round = 0; round < 5; round += 1) {
    const entry = (by: typeof owner, name: string) =>
      chain.draft(by, {
        kind: "admit",
        member: newMemberOf(meshId, newIdentity(), `${name}-${round}`),
        role: "member",
      });
    const [one, two] = [entry(owner, "one"), entry(admin, "two")];
    const [first, second] = await Promise.allSettled([
      append(one),
      adminLink.request<"membership_append">({ type: "membership_append", entry: two }),
    ]);
    const lost = [first, second].filter((done) => done.status === "rejected");
    assert.deepEqual(
      lost.map(({ reason }) => String(reason)),
      ["Error: membership_moved"],
    );
    const page = await ownerLink.request<"membership">({ type: "membership", after: chain.state().n });
    assert.deepEqual(page.entries, [first.status === "fulfilled" ? one : two]);

    applyEntry(chain.state(), page.entries[0] ?? assert.fail());
  }
});

for (const redis of ["with Redis", "without Redis"] as const) {
  test(`a revocation at one broker closes the member's link at the other, where all hear of the change, ${redis}`, async (t) => {
    const fleet = await fleetFixture(t, await (await server()).createDatabase(), 2);
    const { owner, admit, add } = await sealMesh(at(fleet, 0));
    const [bob, carol] = [await admit("bob"), await admit("carol")];
    const [bobLink, carolLink] = [await at(fleet, 1).connect(bob), await at(fleet, 1).connect(carol)];
    if (redis === "without Redis") await fleet.redis.kill();
    const { n } = await add(owner, { kind: "revoke", member_id: bob.memberId, through });
    if (redis === "without Redis") fleet.sweep([1]);
    assert.equal((await bobLink.closed).code, 4005);
    await carolLink.next(headIs(n));
    await assert.rejects(at(fleet, 1).connect(bob), /4005/);
  });

  test(`a change of keys at one broker ends the link that the former ones opened at the other, ${redis}`, async (t) => {
    const fleet = await fleetFixture(t, await (await server()).createDatabase(), 2);
    const { admit, add, meshId } = await sealMesh(at(fleet, 0));
    const [bob, carol] = [await admit("bob"), await admit("carol")];
    const [bobLink, carolLink] = [await at(fleet, 1).connect(bob), await at(fleet, 1).connect(carol)];
    if (redis === "without Redis") await fleet.redis.kill();
    const { content, rotated } = rotationOf(meshId, bob);
    const { n } = await add(bob, content);
    if (redis === "without Redis") fleet.sweep([1]);
    assert.equal((await bobLink.closed).code, 1012);
    await carolLink.next(headIs(n));
    await assert.rejects(at(fleet, 1).connect(bob), /4002/);
    const keyId = content.kind === "rotate" ? content.keys.ed25519_pubkey : "";
    await at(fleet, 1).connect(rotated, { hello: { key_id: keyId } });
    await carolLink.request<"membership">({ type: "membership", after: -1 });
  });

  test(`what an entry at one broker allows is what the other goes by, ${redis}`, async (t) => {
    const fleet = await fleetFixture(t, await (await server()).createDatabase(), 2);
    const { owner, admit, add, meshId } = await sealMesh(at(fleet, 0));
    const [bob, carol] = [await admit("bob"), await admit("carol")];
    const bobLink = await at(fleet, 1).connect(bob);
    if (redis === "without Redis") await fleet.redis.kill();
    const { n } = await add(carol, { kind: "dm_from", from: [owner.memberId] });
    if (redis === "without Redis") fleet.sweep([1]);
    await bobLink.next(headIs(n));
    const dm = envelopeOf(meshId, bob, carol.memberId, "", sealedDm);
    const [answer] = await bobLink.sendItems([dm]);
    assert.equal((answer as { code?: string }).code, "not_allowed");
  });
}

test("a chain that begins at one broker seals the mesh at the other from its commit on, without a word between them", async (t) => {
  const fleet = await fleetFixture(t, await (await server()).createDatabase(), 2);
  const [alice, bob] = [await at(fleet, 1).member("alice"), await at(fleet, 1).member("bob")];
  const link = await at(fleet, 1).connect(alice);
  await fleet.redis.kill();
  const unsealed = () => envelopeOf(fleet.meshId, alice, bob.memberId, "hi");
  assert.equal((await link.sendItems([unsealed()]))[0]?.status, 201);
  const { entries } = beginChainOf(fleet.meshId, alice, rfc3339(at(fleet, 0).clock.now()), "alice");
  const begun = await at(fleet, 0).admin("POST", `/v1/meshes/${fleet.meshId}/membership`, { entries });
  assert.equal(begun.status, 200, JSON.stringify(begun.json));
  const [answer] = await link.sendItems([unsealed()]);
  assert.equal((answer as { code?: string }).code, "unsealed_body");
});
