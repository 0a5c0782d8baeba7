import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Client } from "../../src/client/client.ts";
import { acceptHost } from "../../src/daemon/identity/host/accept-host.ts";
import { linuxHost, readersOf } from "../../src/daemon/identity/host/simulated-host.fixture.ts";
import type { LocalEvent } from "../../src/protocol/local-api.ts";
import { linked, mesh } from "../support/mesh.ts";

const here = readersOf(linuxHost({ machineId: "3d1219c7c4c5404aaa1f6d2a48adfda4" }));
const there = readersOf(linuxHost({ machineId: "7f3c0a5c9e1d4b6f8a2e4c6d8e0f1a2b" }));

/** Reads what a daemon tells until it is of the kind, after the events up to `after`. */
async function hear(client: Client, after = 0): Promise<LocalEvent> {
  const heard = new AbortController();
  for await (const event of client.events({ after, signal: heard.signal }))
    if (event.event === "member_clone_suspected") return event;
  return assert.fail("the events ended");
}

test("owners hear of a member that came from another host, once for each move, and others do not", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob", "carol"], { daemons: { bob: { host: here } } });
  const { alice, carol } = daemons;
  const bob = await daemons.bob.restart();
  await linked(bob);
  const seenBy = async (client: Client) =>
    (await client.memberList()).items.find(({ name }) => name === "bob")?.clone_suspected_at ?? null;
  assert.equal(await seenBy(alice.client), null);

  // Moved on purpose: owners cannot know that, and are told.
  await bob.daemon.stop();
  const clone = { policy: "refuse", id_override: null } as const;
  await acceptHost({ dir: bob.dir, clone, readers: there, now: Date.now() });
  const moved = await bob.restart(there);
  await linked(moved);
  const first = await hear(alice.client);
  assert.deepEqual([first.data["name"], first.data["self"], first.data["reason"]], ["bob", false, "host_changed"]);
  const since = await seenBy(alice.client);
  assert.notEqual(since, null);

  // Put back where it was, and allowed to run with a warning.
  const again = await moved.restart(there);
  await linked(again);
  writeFileSync(join(bob.dir, "config.toml"), '[clone]\npolicy = "warn"\n');
  await linked(await again.restart(here));
  const second = await hear(alice.client, first.id);
  assert.equal(second.data["reason"], "host_id");
  assert.ok((await seenBy(alice.client)) ?? "" > (since ?? ""));
  assert.equal(await seenBy(carol.client), null);
  const told = await carol.client.send({ to: "@carol", message: "a word to oneself comes after all that was told" });
  assert.equal(told.duplicate, false);
  const events: string[] = [];
  const end = new AbortController();
  for await (const event of carol.client.events({ after: 0, signal: end.signal })) {
    events.push(event.event);
    if (event.event === "message") break;
  }
  assert.ok(!events.includes("member_clone_suspected"));
});
