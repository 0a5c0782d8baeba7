import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { joinBroker } from "../../src/bin/join-broker.ts";
import { sharedPostgres } from "../../src/broker/testing/postgres-server.ts";
import { broker } from "../support/broker.ts";
import { daemon } from "../support/daemon.ts";
import { linked } from "../support/mesh.ts";
import { shareFounders } from "../support/postgres-mesh.ts";
import { tempFolder } from "../support/temp-folder.ts";

const server = sharedPostgres();

test("what was made at another broker is sent to although its news never came: the daemon asks before it refuses a name", async (t) => {
  const folder = tempFolder(t);
  const databaseUrl = await (await server()).createDatabase();
  const deploymentDir = join(folder, "deployment");
  // Without Redis brokers tell each other nothing.
  let first: string | null = null;
  const host = async (name: string) => {
    const { dataDir } = await broker(t, { dataDir: join(folder, `broker-${name}`), deploymentDir, databaseUrl });
    if (first !== null) shareFounders([first, dataDir]);
    first ??= dataDir;
    const dir = join(folder, name);
    mkdirSync(dir, { mode: 0o700 });
    await joinBroker({ dir, dataDir, name, role: "member" });
    const started = await daemon(t, { dir });
    await linked(started);
    return started.client;
  };
  const bob = await host("bob");
  const alice = await host("alice");
  await alice.queues.create("jobs");
  for (const [id, to] of [
    ["to-queue", "queue:jobs"],
    ["to-member", "@alice"],
  ] as const) {
    await bob.send({ to, message: "hello", client_message_id: id });
    await bob.waitFor(id, "accepted");
  }
  const refused = { code: "unknown_destination" };
  await assert.rejects(bob.send({ to: "queue:nowhere", message: "hello" }), refused);
});
