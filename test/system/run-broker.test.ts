import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { adminClient } from "../../src/bin/admin-client.ts";
import { exitCodes } from "../../src/bin/exit-codes.ts";
import { connectPeer, newIdentity, type Peer } from "../../src/broker/testing/peer.ts";
import { type BrokerProcess, brokerProcess, programProcess } from "../support/program-process.ts";
import { tempFolder } from "../support/temp-folder.ts";

function folder(t: TestContext): string {
  return join(tempFolder(t), "broker");
}

/** A new member of mesh `local`, linked. */
async function linkedPeer({ dataDir, url }: BrokerProcess): Promise<Peer> {
  const admin = adminClient(dataDir);
  const { mesh_id: meshId } = await admin.mesh("local");
  const identity = newIdentity();
  await admin.addMember(meshId, {
    member_id: identity.memberId,
    name: identity.memberId.slice(0, 12),
    role: "member",
  });
  return connectPeer({ url, meshId, identity });
}

test("the broker's process stops in good order on SIGTERM: links hear 1012, and it exits with 0", async (t) => {
  const broker = await brokerProcess(t, folder(t));
  const peer = await linkedPeer(broker);
  broker.kill("SIGTERM");
  assert.equal((await peer.closed).code, 1012);
  assert.equal((await broker.ended).code, exitCodes.ok);
});

test("killed, it is started again at once on the same port with the same identity", async (t) => {
  const dataDir = folder(t);
  const first = await brokerProcess(t, dataDir);
  const { broker_id } = await adminClient(dataDir).status();
  first.kill("SIGKILL");
  await first.ended;
  const second = await brokerProcess(t, dataDir);
  assert.equal(second.url, first.url);
  assert.equal((await adminClient(dataDir).status()).broker_id, broker_id);
});

test("it exits with a code per reason, and says what to do", async (t) => {
  const dataDir = folder(t);
  await brokerProcess(t, dataDir);
  const second = await programProcess(t, "broker", ["--data-dir", dataDir]).ended;
  assert.deepEqual([second.code, /claudemesh status/.test(second.stderr)], [exitCodes.already_running, true]);

  const wrong = folder(t);
  mkdirSync(wrong, { mode: 0o700 });
  writeFileSync(join(wrong, "config.toml"), "[rate_limit]\nmember_per_secnd = 5\n");
  const misspelled = await programProcess(t, "broker", ["--data-dir", wrong]).ended;
  assert.equal(misspelled.code, exitCodes.invalid_config);
  assert.match(misspelled.stderr, /config\.toml:2: .*\n.*did you mean `member_per_second`/);
  const noPort = await programProcess(t, "broker", ["--data-dir", wrong, "--port", "seventy"]).ended;
  assert.equal(noPort.code, exitCodes.usage);
});

test("what its config.toml says holds", async (t) => {
  const dataDir = folder(t);
  mkdirSync(dataDir, { mode: 0o700 });
  const settings = [
    "[listen]",
    'authorities = ["mesh.example:443"]',
    "[retention]",
    "dedupe_days = 40",
    "message_days = 20",
    "",
  ];
  writeFileSync(join(dataDir, "config.toml"), settings.join("\n"));
  const { ack } = await linkedPeer(await brokerProcess(t, dataDir));
  assert.equal(ack.features.supported["client_message_id_dedupe"]?.params["dedupe_retention_days"], 40);
  assert.match(readFileSync(join(dataDir, "broker.log"), "utf8"), /broker started/);
});
