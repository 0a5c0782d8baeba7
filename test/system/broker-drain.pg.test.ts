import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { Client } from "pg";
import { adminClient } from "../../src/bin/admin-client.ts";
import { joinBroker } from "../../src/bin/join-broker.ts";
import { connectPeer, envelopeOf, newIdentity } from "../../src/broker/testing/peer.ts";
import { onServer, sharedPostgres } from "../../src/broker/testing/postgres-server.ts";
import { readMeshFile, writeMeshFile } from "../../src/daemon/identity/mesh-file.ts";
import { balancer, type BrokerProcess, brokerProcess, writeDeployment } from "../../torture/deployment.ts";
import { daemon } from "../support/daemon.ts";
import { linked } from "../support/mesh.ts";
import { onEnd } from "../support/on-end.ts";
import { tempFolder } from "../support/temp-folder.ts";

const server = sharedPostgres();

function statusOf(port: number, path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    }).on("error", reject);
  });
}

test("a broker told to stop answers the batch under way, says that it stops, closes its links with 1012, and its daemons go on at another", async (t) => {
  const root = tempFolder(t);
  const database = await (await server()).createDatabase();
  const deployment = join(root, "deployment");
  const brokers: BrokerProcess[] = [];
  const front = await balancer(() => brokers.flatMap((broker) => broker.port() ?? []));
  onEnd(t, () => front.close());
  writeDeployment(deployment, front.authority);
  const env = { DATABASE_URL: database, REDIS_URL: "", CLAUDEMESH_DEPLOYMENT_DIR: deployment };
  const [first, second] = [brokerProcess(join(root, "a"), env), brokerProcess(join(root, "b"), env)];
  onEnd(t, () => Promise.all([first.end("SIGKILL"), second.end("SIGKILL")]));
  await first.start();
  brokers.push(first);

  const admin = adminClient(first.dataDir);
  const { mesh_id } = await admin.mesh("local");
  const { url } = await admin.status();
  const [alice, bob] = [newIdentity(), newIdentity()];
  for (const [identity, name] of [
    [alice, "alice"],
    [bob, "bob"],
  ] as const)
    await admin.addMember(mesh_id, { member_id: identity.memberId, name, role: "member" });
  const dir = join(root, "carol");
  // A mesh of its own, which it founds: daemons send in sealed meshes alone.
  mkdirSync(dir, { mode: 0o700 });
  await joinBroker({ dir, dataDir: first.dataDir, slug: "moving", name: "carol", role: "owner" });
  writeMeshFile(dir, { ...readMeshFile(dir), broker_url: url.replace(new URL(url).host, front.authority) });
  const moved = await daemon(t, { dir });
  await linked(moved);
  await second.start();
  brokers.push(second);
  const link = await connectPeer({ url, meshId: mesh_id, identity: alice });
  onEnd(t, () => link.close());

  // The batch waits for its mesh's lock.
  const holder = new Client({ connectionString: database });
  await holder.connect();
  onEnd(t, () => holder.end());
  await holder.query("BEGIN");
  await holder.query("SELECT 1 FROM mesh.mesh_head FOR UPDATE");
  const envelope = envelopeOf(mesh_id, alice, bob.memberId, "under way");
  const answered = link.sendItems([envelope]);
  const waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%mesh.accept%'";
  await onServer(database, async (client) => {
    while ((await client.query(waits)).rows.length === 0);
  });
  const port = first.port() ?? 0;
  assert.equal((await statusOf(port, "/readyz")).status, 200);
  const before = performance.now();
  const ended = first.end("SIGTERM");
  for (;;) {
    const { status, text } = await statusOf(port, "/readyz");
    if (status === 200) continue;
    assert.deepEqual([status, (JSON.parse(text) as { code: string }).code], [503, "stopping"]);
    break;
  }
  await holder.query("COMMIT");
  assert.equal((await answered)[0]?.status, 201);
  assert.equal((await link.closed).code, 1012);
  assert.equal(await ended, 0);
  assert.ok(performance.now() - before < 10_000);

  const waiting = await connectPeer({
    url: (await adminClient(second.dataDir).status()).url,
    meshId: mesh_id,
    identity: bob,
  });
  onEnd(t, () => waiting.close());
  await waiting.pushes(1);
  assert.equal(waiting.pushed[0]?.client_message_id, envelope.client_message_id);
  // Its daemon is linked again, at the broker that is left.
  const { outbox_id } = await moved.client.send({ to: "@carol", message: "from elsewhere" });
  await moved.client.waitFor(String(outbox_id), "delivered");
});
