import assert from "node:assert/strict";
import type { Client } from "../../../src/client/client.ts";
import type { SealPlan } from "../../../src/protocol/membership-api.ts";
import { until } from "../postgres-mesh.ts";
import type { OldHomes } from "./homes.ts";

const names = (members: SealPlan["members"]): string[] => members.map(({ name, role }) => `${name} ${role}`);

/** What an inbox shows, oldest first. */
async function shown({ inbox }: Client): Promise<(readonly [string | null, boolean])[]> {
  const { items } = await inbox.list({ limit: 100 });
  return items.map(({ message, encrypted }) => [message, encrypted] as const);
}

async function seal({ meshSeal }: Client, action: SealPlan["action"]): Promise<SealPlan> {
  const plan = await meshSeal.plan();
  assert.equal(plan.action, action);
  await meshSeal.seal(plan.digest);
  return plan;
}

/** The way from a mesh before encryption to a sealed one, home by home, with nothing lost, shown twice or sent unsealed. */
export async function sealOldMesh(homes: OldHomes): Promise<void> {
  const [{ client: alice }, bobHere] = [await homes.start("alice"), await homes.start("bob")];
  const bob = bobHere.client;
  const before = [
    ["before, direct", false],
    ["before, topic", false],
  ] as const;
  assert.deepEqual((await shown(bob)).slice(0, 2), before, "what arrived before is still readable");
  assert.equal((await alice.message("at-alice")).status, "pending");
  await assert.rejects(bob.meshSeal.plan(), { code: "not_allowed", hint: /@alice/ });

  const founded = await seal(alice, "found");
  assert.deepEqual(
    [names(founded.members), names(founded.left_out)],
    [["alice owner", "bob member"], ["carol member"]],
  );
  assert.equal((await alice.meshSeal.plan()).action, "none");
  const pinned = await seal(bob, "pin");
  assert.deepEqual([pinned.owner.name, names(pinned.members)], ["alice", ["alice owner", "bob member"]]);

  await alice.waitFor("at-alice", "delivered");
  await alice.waitFor("topic-at-alice", "delivered");
  await bob.send({ to: "@alice", message: "sealed answer", client_message_id: "sealed-answer" });
  await bob.waitFor("sealed-answer", "delivered");
  // The topic's key comes by a way of its own, perhaps behind the message.
  await until([bobHere], async () => (await shown(bob)).length >= 5);
  assert.deepEqual((await shown(bob)).sort(), [
    ...before,
    ["waiting at alice", true],
    ["waiting at the broker", false],
    ["waiting for the topic", true],
  ]);
  assert.deepEqual(await shown(alice), [
    ["before, answer", false],
    ["sealed answer", true],
  ]);

  const { client: carol } = await homes.start("carol");
  const late = await seal(alice, "admit");
  assert.deepEqual([names(late.members).at(-1), late.left_out], ["carol member", []]);
  await seal(carol, "pin");
  await alice.send({ to: "@carol", message: "welcome", client_message_id: "welcome" });
  await alice.waitFor("welcome", "delivered");
  assert.deepEqual(await shown(carol), [["welcome", true]]);
}
