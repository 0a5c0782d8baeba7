import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createManualClock } from "../../src/base/manual-clock.fixture.ts";
import { readMeshFile } from "../../src/daemon/identity/mesh-file.ts";
import { httpCall } from "../../src/http/http-call.fixture.ts";
import { limits } from "../../src/protocol/limits.ts";
import { daemon } from "../support/daemon.ts";
import { mesh } from "../support/mesh.ts";
import { daemonProcess } from "../support/program-process.ts";

test("a reload puts settings in force with the link as it is; a file that is wrong changes nothing and says the line", async (t) => {
  const { alice } = (await mesh(t, ["alice"], { daemon: { http: true } })).daemons;
  const file = join(alice.dir, "config.toml");
  const tcp = { port: alice.daemon.httpPort ?? assert.fail("not on TCP") };
  const since = (await alice.client.health()).link.since;
  assert.equal((await httpCall(tcp, "GET", "/v1/health")).status, 401);

  writeFileSync(file, "[local_api]\npublic_health_check = true\n[outbox]\ndisk_bytes_max = 1000000\n");
  assert.deepEqual((await alice.client.reload()).applied, ["outbox.disk_bytes_max", "local_api.public_health_check"]);
  assert.equal((await httpCall(tcp, "GET", "/v1/health")).status, 200);
  const message = "x".repeat(60_000);
  await assert.rejects(
    async () => {
      for (;;) await alice.client.send({ to: "@alice", message });
    },
    { code: "outbox_full" },
  );

  writeFileSync(file, "[outbox]\ndisk_bytes_max = 5000000\n[local_api]\npublic_health_check = 1\n");
  await assert.rejects(alice.client.reload(), { code: "invalid_config", message: /config\.toml:4: / });
  await assert.rejects(alice.client.send({ to: "@alice", message }), { code: "outbox_full" });
  assert.equal((await httpCall(tcp, "GET", "/v1/health")).status, 200);
  // Above what the broker remembers of ids, a message could go out twice.
  writeFileSync(file, "[outbox]\nmax_age_hours_override = 100000\n");
  await assert.rejects(alice.client.reload(), { code: "outbox_max_age_above_dedupe_window" });

  writeFileSync(file, '[outbox]\ndisk_bytes_max = 50000000\n[features]\nrequire = ["key_epoch"]\n');
  const last = await alice.client.reload();
  assert.deepEqual(last.restart_needed, ["features.require"]);
  assert.equal((await httpCall(tcp, "GET", "/v1/health")).status, 401);
  await alice.client.send({ to: "@alice", message });
  const { link } = await alice.client.health();
  assert.deepEqual([link.state, link.since], ["connected", since], "it is the same link");
});

test("the token before a change is taken for a minute, and counted is each change", async (t) => {
  const clock = createManualClock(Date.now());
  const { alice } = (await mesh(t, ["alice"], { daemon: { http: true, clock } })).daemons;
  const path = join(alice.dir, "local_token");
  const before = readFileSync(path, "utf8").trim();
  const status = async (token: string): Promise<number> => {
    const headers = { authorization: `Bearer ${token}` };
    const port = alice.daemon.httpPort ?? assert.fail("not on TCP");
    return (await httpCall({ port }, "GET", "/v1/compat", { headers })).status;
  };
  const rotated = await alice.client.rotateToken();
  assert.equal(
    Date.parse(rotated.previous_valid_until ?? "") - Date.parse(rotated.rotated_at),
    limits.localTokenGraceMs,
  );
  const after = readFileSync(path, "utf8").trim();
  assert.deepEqual([await status(before), await status(after)], [200, 200]);
  clock.jump(Date.parse(rotated.previous_valid_until ?? ""));
  assert.deepEqual([await status(before), await status(after)], [401, 200]);
  assert.match(await alice.client.metrics(), /^cm_daemon_local_token_rotations_total\{mesh="[^"]+"\} 1$/m);
});

test("a member's new name is that of its folder too, also when an admin gave it", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const { member } = await daemons.bob.client.health();
  await daemons.bob.client.membership.rename(member.member_id, "desk");
  assert.equal((await daemons.bob.client.health()).member.address, "@desk");
  assert.equal(readMeshFile(daemons.bob.dir).member_name, "desk");
  // Renamed by a program that left the file behind: the next start sees to it.
  const file = join(daemons.bob.dir, "mesh.json");
  const again = await (async () => {
    await daemons.bob.daemon.stop();
    writeFileSync(file, readFileSync(file, "utf8").replace('"desk"', '"bob"'));
    return daemon(t, { dir: daemons.bob.dir });
  })();
  assert.equal(readMeshFile(again.dir).member_name, "desk");
});

test("a daemon's process reads its settings again on SIGHUP, and goes on by the old ones where they are wrong", async (t) => {
  const { alice } = (await mesh(t, ["alice"])).daemons;
  await alice.daemon.stop();
  const file = join(alice.dir, "config.toml");
  const log = () => readFileSync(join(alice.dir, "daemon.log"), "utf8");
  const ran = await daemonProcess(t, alice.dir);
  const told = async (text: string): Promise<void> => {
    while (!log().includes(text)) await httpCall(ran.unix, "GET", "/v1/health");
  };
  writeFileSync(file, "[link\n");
  process.kill(ran.pid, "SIGHUP");
  await told("the settings stay as they were");
  writeFileSync(file, "[link]\nping_seconds = 9\n");
  process.kill(ran.pid, "SIGHUP");
  await told('"applied":["link.ping_seconds"]');
  assert.equal((await httpCall(ran.unix, "GET", "/v1/health")).status, 200);
});
