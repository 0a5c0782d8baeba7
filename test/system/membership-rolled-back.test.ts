import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { broker } from "../support/broker.ts";
import { mesh } from "../support/mesh.ts";
import { until } from "../support/postgres-mesh.ts";

test("a broker whose data was put back from an old copy is given the membership that it lost, and it is told loudly", async (t) => {
  const { broker: first, daemons } = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = daemons;
  const store = join(first.dataDir, "broker.db");
  await first.broker.stop();
  const copy = readFileSync(store);
  const second = await broker(t, { dataDir: first.dataDir });
  await until([alice], async () => (await alice.client.health()).link.state === "connected");
  await alice.client.membership.setRole("bob", "admin");
  const { head } = await alice.client.membership.show();
  // Either of the two would give it back: only one is left to.
  await bob.daemon.stop();
  await second.broker.stop();
  writeFileSync(store, copy);
  await broker(t, { dataDir: first.dataDir });
  const heard = new AbortController();
  for await (const { event, data } of alice.client.events({ after: 0, signal: heard.signal })) {
    if (event !== "membership_rolled_back") continue;
    assert.match(String(data["message"]), /has lost the mesh's membership above entry/);
    heard.abort();
  }
  await until([alice], async () => (await alice.client.health()).membership.trouble === null);
  assert.equal((await alice.client.membership.show()).head, head);
  const bobs = (await alice.client.members()).find(({ name }) => name === "bob");
  assert.equal(bobs?.role, "admin");
});
