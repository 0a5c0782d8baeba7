import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { epochsOf } from "../testing/epochs.ts";
import { at, fleetFixture } from "../testing/fleet.ts";
import type { Identity, Peer } from "../testing/peer.ts";
import { type SealedMesh, sealMesh } from "../testing/sealed-mesh.ts";
import { sharedPostgres } from "../testing/postgres-server.ts";

const server = sharedPostgres();

/** Alice at the first broker, who made the topic `builds`, and bob at the second, who is in it. */
async function withTopic(t: TestContext) {
  const fleet = await fleetFixture(t, await (await server()).createDatabase(), 2);
  const mesh = await sealMesh(at(fleet, 0));
  const [alice, bob] = [await mesh.admit("alice"), await mesh.admit("bob")];
  const [first, second] = [await at(fleet, 0).connect(alice), await at(fleet, 1).connect(bob)];
  const { topic_id } = await first.request<"topic_create">({ type: "topic_create", name: "builds" });
  await second.request<"subscribe">({ type: "subscribe", topic: "builds" });
  return { fleet, mesh, alice, bob, first, second, place: { destination: `topic:${topic_id}`, name: "builds" } };
}

async function create(
  peer: Peer,
  { chain }: SealedMesh,
  maker: Identity,
  place: { destination: string; name: string },
) {
  const { signed, wraps } = epochsOf(chain);
  const record = signed(maker, place);
  await peer.request<"epoch_create">({ type: "epoch_create", record, wraps: wraps(record, maker) });
  return record;
}

const told = (peer: Peer, event: "keys_changed" | "keys_wanted"): string[] =>
  peer.frames.flatMap((frame) => (frame.type === "event" && frame.event === event ? [frame.destination] : []));

/** Resolves when the peer has been told so many times; meanwhile `pass` lets time pass. */
async function isTold(
  peer: Peer,
  event: "keys_changed" | "keys_wanted",
  times: number,
  pass = () => {},
): Promise<void> {
  while (told(peer, event).length < times) {
    pass();
    await peer.request<"members">({ type: "members" });
  }
}

test("a key that is made at one broker is told at the other, and who lacks it there is wrapped for here", async (t) => {
  const { fleet, mesh, alice, bob, first, second, place } = await withTopic(t);
  const carol = await at(fleet, 1).connect(await mesh.admit("carol"));
  const record = await create(first, mesh, alice, place);
  await isTold(second, "keys_changed", 1);
  await isTold(first, "keys_wanted", 1);
  await first.request<"epoch_wraps">({ type: "epoch_wraps", wraps: epochsOf(mesh.chain).wraps(record, bob) });
  await isTold(second, "keys_changed", 2);
  const { items } = await second.request<"keys">({ type: "keys", after: 0 });
  assert.deepEqual(
    items.map(({ kind }) => kind),
    ["epoch", "wrap"],
  );
  assert.deepEqual([...told(carol, "keys_changed"), ...told(second, "keys_wanted")], []);
});

test("whoever comes to a topic at one broker is wrapped for by a member at another", async (t) => {
  const { fleet, mesh, alice, first, place } = await withTopic(t);
  await create(first, mesh, alice, place);
  await isTold(first, "keys_wanted", 1);
  const carol = await at(fleet, 1).connect(await mesh.admit("carol"));
  await carol.request<"subscribe">({ type: "subscribe", topic: "builds" });
  await isTold(first, "keys_wanted", 2);
});

test("news of keys that never came are found by the sweep, each told once", async (t) => {
  const { fleet, mesh, alice, first, second, place } = await withTopic(t);
  await fleet.redis.stop();
  const record = await create(first, mesh, alice, place);
  await isTold(second, "keys_changed", 1, () => fleet.sweep([1]));
  for (let more = 0; more < 3; more += 1) {
    fleet.sweep();
    for (const n of [0, 1]) await at(fleet, n).metric("cm_broker_links");
    for (const peer of [first, second]) await peer.request<"members">({ type: "members" });
  }
  assert.deepEqual(
    [told(first, "keys_changed"), told(second, "keys_changed")],
    [[record.destination], [record.destination]],
  );
  // The holder's broker told it by itself; one that comes at the other broker is found by the sweep.
  const wanted = told(first, "keys_wanted").length;
  const carol = await at(fleet, 1).connect(await mesh.admit("carol"));
  await carol.request<"subscribe">({ type: "subscribe", topic: "builds" });
  await isTold(first, "keys_wanted", wanted + 1, () => fleet.sweep([0]));
});
