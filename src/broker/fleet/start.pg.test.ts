import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "../../base/clock.ts";
import { silentLog } from "../../base/log.ts";
import { type BrokerOptions, createBroker } from "../broker.ts";
import { onServer, sharedPostgres } from "../testing/postgres-server.ts";

const server = sharedPostgres();

function brokerOf(t: TestContext, folder: string, options: Partial<BrokerOptions>) {
  const broker = createBroker({
    dataDir: folder,
    listen: { host: "127.0.0.1", port: 0 },
    clock: systemClock,
    log: silentLog,
    ...options,
  });
  t.after(() => broker.stop());
  return broker;
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "cm-start-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("brokers that start at once on an empty database make it together and serve one deployment", async (t) => {
  const databaseUrl = await (await server()).createEmptyDatabase();
  const root = folderOf(t);
  const deploymentDir = join(root, "deployment");
  const brokers = ["a", "b", "c"].map((name) => brokerOf(t, join(root, name), { databaseUrl, deploymentDir }));
  await Promise.all(brokers.map((broker) => broker.start()));
  assert.equal(new Set(brokers.map(({ brokerId }) => brokerId)).size, 1);
  const [row] = await onServer(
    databaseUrl,
    async (client) => (await client.query("SELECT count(*)::int AS lives FROM mesh.incarnation")).rows,
  );
  assert.equal(row?.lives, 1);
});

test("a broker with another deployment key is refused, and says what to do", async (t) => {
  const databaseUrl = await (await server()).createDatabase();
  const root = folderOf(t);
  await brokerOf(t, join(root, "a"), { databaseUrl }).start();
  const stranger = brokerOf(t, join(root, "b"), { databaseUrl });
  await assert.rejects(stranger.start(), (thrown: { code: string; message: string; hint: string }) => {
    assert.equal(thrown.code, "invalid_config");
    assert.match(thrown.message, /another deployment key/);
    assert.match(thrown.hint, /deployment_key\.json/);
    return true;
  });
  rmSync(join(root, "b"), { recursive: true });
  mkdirSync(join(root, "b"));
  cpSync(join(root, "a", "deployment_key.json"), join(root, "b", "deployment_key.json"));
  await brokerOf(t, join(root, "b"), { databaseUrl }).start();
});

test("a broker that cannot listen leaves no lease behind, so that the others do not count it", async (t) => {
  const databaseUrl = await (await server()).createDatabase();
  const taken = createServer().listen(0, "127.0.0.1");
  t.after(() => taken.close());
  await new Promise((resolve) => taken.once("listening", resolve));
  const { port } = taken.address() as AddressInfo;
  const broker = brokerOf(t, folderOf(t), { databaseUrl, listen: { host: "127.0.0.1", port } });
  await assert.rejects(broker.start());
  const [row] = await onServer(
    databaseUrl,
    async (client) => (await client.query("SELECT count(*)::int AS leases FROM mesh.broker_lease")).rows,
  );
  assert.equal(row?.leases, 0);
});
