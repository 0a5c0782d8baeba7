import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { WebSocketServer } from "ws";
import { exitCodes } from "../../src/bin/exit-codes.ts";
import { connect } from "../../src/client/connect.ts";
import { foundedMember } from "../../src/daemon/membership/founded-member.fixture.ts";
import type { MeshFile } from "../../src/daemon/identity/mesh-file.ts";
import { closeCodes } from "../../src/protocol/close-codes.ts";
import { daemonProcess, programProcess } from "../support/program-process.ts";
import { tempFolder } from "../support/temp-folder.ts";

const mesh: MeshFile = {
  mesh_id: "0198f0a0-0000-7000-8000-000000000001",
  slug: "local",
  member_name: "ada",
  broker_url: "ws://127.0.0.1:9/v1/link",
  broker_key: "ab".repeat(32),
  certificate_print: null,
};

/** A folder with a member whose broker, unless it is given, is nowhere. */
function member(t: TestContext, broker_url = mesh.broker_url): string {
  const dir = join(tempFolder(t), "local");
  foundedMember(dir, { ...mesh, broker_url }, 0);
  return dir;
}

test("the daemon's process stops in good order on SIGTERM and when asked over its API, and exits with 0", async (t) => {
  const dir = member(t);
  const first = await daemonProcess(t, dir);
  first.kill("SIGTERM");
  assert.equal((await first.ended).code, exitCodes.ok);
  assert.equal(existsSync(join(dir, "sock")), false);
  const second = await daemonProcess(t, dir);
  const client = connect(second.unix);
  await client.shutdown();
  client.close();
  assert.equal((await second.ended).code, exitCodes.ok);
  const lines = readFileSync(join(dir, "daemon.log"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { msg: string });
  assert.equal(lines.filter(({ msg }) => msg === "the daemon has stopped").length, 2);
});

test("killed in the middle of its work it keeps everything it answered for, and starts again at once", async (t) => {
  const dir = member(t);
  const first = await daemonProcess(t, dir);
  const client = connect(first.unix);
  const kept: string[] = [];
  const sending = Array.from({ length: 16 }, async (_, lane) => {
    for (let index = 0; ; index++) {
      const id = `${lane}-${index}`;
      try {
        await client.send({ to: "@ada", message: id, client_message_id: id }, { timeoutMs: 500 });
      } catch {
        return;
      }
      kept.push(id);
      if (kept.length === 300) first.kill("SIGKILL");
    }
  });
  await Promise.all(sending);
  client.close();
  await first.ended;
  assert.ok(kept.length >= 300);
  const second = await daemonProcess(t, dir);
  const again = connect(second.unix);
  for (const id of kept) assert.equal((await again.message(id)).status, "pending", id);
  again.close();
});

test("it exits with a code per reason, and says what to do", async (t) => {
  assert.equal((await programProcess(t, "daemon", []).ended).code, exitCodes.usage);
  const dir = member(t);
  const hostIs = (id: string): void => writeFileSync(join(dir, "config.toml"), `[clone]\nid_override = "${id}"\n`);
  hostIs("one");
  const first = await daemonProcess(t, dir);
  const second = await programProcess(t, "daemon", ["--dir", dir]).ended;
  assert.equal(second.code, exitCodes.already_running);
  assert.match(second.stderr, /claudemesh status/);
  first.kill("SIGTERM");
  await first.ended;
  hostIs("two");
  const elsewhere = await programProcess(t, "daemon", ["--dir", dir]).ended;
  assert.equal(elsewhere.code, exitCodes.host_fingerprint_mismatch);
  assert.equal(elsewhere.code, 16);
  assert.match(elsewhere.stderr, /belongs to another host[\s\S]*claudemesh accept-host[\s\S]*claudemesh remint/);
  writeFileSync(join(dir, "config.toml"), "[outbx]\n");
  const refused = await programProcess(t, "daemon", ["--dir", dir]).ended;
  assert.equal(refused.code, exitCodes.invalid_config);
  assert.match(refused.stderr, /config\.toml:1[\s\S]*did you mean `outbox`/);
});

test("it exits with the broker's reason, once, when dialling again cannot help", async (t) => {
  const broker = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => broker.once("listening", resolve));
  broker.on("connection", (socket) => socket.close(closeCodes.member_revoked, "{}"));
  const dir = member(t, `ws://127.0.0.1:${(broker.address() as { port: number }).port}/v1/link`);
  const ended = await programProcess(t, "daemon", ["--dir", dir]).ended;
  assert.equal(ended.code, exitCodes.member_revoked);
  assert.match(ended.stderr, /ask an admin/);
  await new Promise((resolve) => broker.close(resolve));
});
