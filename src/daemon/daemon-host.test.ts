import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { systemClock } from "../base/clock.ts";
import { silentLog } from "../base/log.ts";
import { httpCall } from "../http/http-call.fixture.ts";
import { createDaemon, type Daemon } from "./daemon.ts";
import { acceptHost } from "./identity/host/accept-host.ts";
import { linuxHost, readersOf, type SimulatedHost } from "./identity/host/simulated-host.fixture.ts";
import { createMember } from "./identity/member.ts";

const mesh = {
  mesh_id: "0198f0a0-0000-7000-8000-000000000001",
  slug: "local",
  member_name: "ada",
  broker_url: "ws://127.0.0.1:9/v1/link",
  broker_key: "ab".repeat(32),
  certificate_print: null,
};
const id = "3d1219c7c4c5404aaa1f6d2a48adfda4";
const here = linuxHost({ machineId: id, nics: [{ name: "enp1s0", mac: "3c:22:fb:01:02:03" }] });
const there = linuxHost({ machineId: "7f3c0a5c9e1d4b6f8a2e4c6d8e0f1a2b" });
const cloned = linuxHost({ machineId: id, nics: [{ name: "enp1s0", mac: "3c:22:fb:0f:0e:0d" }] });

/** A member's folder, whose daemon is started on one host after another. */
function member(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "cm-daemon-host-"));
  const running: Daemon[] = [];
  t.after(async () => {
    for (const daemon of running) await daemon.stop();
    rmSync(root, { recursive: true });
  });
  const dir = join(root, "local");
  createMember(dir, mesh, 0);
  return {
    root,
    dir,
    async on(host: SimulatedHost, use: (daemon: Daemon) => Promise<void> = async () => undefined, where = dir) {
      const daemon = createDaemon({
        dir: where,
        clock: systemClock,
        log: silentLog,
        http: false,
        host: readersOf(host),
      });
      running.push(daemon);
      await daemon.start();
      await use(daemon);
      await daemon.stop();
    },
  };
}

const contents = (dir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(dir, { withFileTypes: true })
      .filter((found) => found.isFile())
      .map(({ name }) => [name, readFileSync(join(dir, name)).toString("base64")]),
  );

test("a copy of a daemon's folder on another host does not start, opens no database, and leaves it as it is", async (t) => {
  const ada = member(t);
  await ada.on(here);
  const copy = join(ada.root, "copy");
  cpSync(ada.dir, copy, { recursive: true });
  const before = contents(copy);
  const refused = { code: "host_fingerprint_mismatch", hint: /accept-host.*remint/ };
  await assert.rejects(ada.on(there, undefined, copy), refused);
  assert.deepEqual(contents(copy), before);
  await ada.on(here);
  await acceptHost({ dir: copy, clone: { policy: "refuse", id_override: null }, readers: readersOf(there), now: 0 });
  await ada.on(there, undefined, copy);
});

test("a first start over a folder with a damaged host file makes nothing", async (t) => {
  const ada = member(t);
  writeFileSync(join(ada.dir, "host_fingerprint.json"), "{");
  await assert.rejects(ada.on(here), { code: "invalid_config" });
  assert.ok(!readdirSync(ada.dir).some((name) => name.endsWith(".db")));
});

test("a folder or a pipe in the place of a file is refused before it is read, and by what a restart would not mend", async (t) => {
  const { dir, on } = member(t);
  for (const name of ["host_fingerprint.json", "config.toml", "keypair-next.json", "inbox.db"]) {
    mkdirSync(join(dir, name));
    await assert.rejects(on(here), { code: "invalid_config" }, name);
    rmSync(join(dir, name), { recursive: true });
  }
  if (process.platform === "win32") return;
  symlinkSync("/dev/zero", join(dir, "keypair-archive.json"));
  await assert.rejects(on(here), { code: "invalid_config" });
  rmSync(join(dir, "keypair-archive.json"));
  await on(here);
});

test("a suspected copy counts at every start, and is told to listeners once until the host is known again", async (t) => {
  const ada = member(t);
  const events: unknown[] = [];
  const look = async (daemon: Daemon) => {
    const { text } = await httpCall({ socketPath: daemon.socketPath }, "GET", "/v1/metrics");
    events.push(/^cm_daemon_clone_suspected_total\{.*reason="wired_address".*\} (\d+)$/m.exec(text)?.[1]);
  };
  await ada.on(here, look);
  await ada.on(cloned, look);
  await ada.on(cloned, look);
  assert.deepEqual(events, ["0", "1", "1"]);
  assert.deepEqual(toldIn(ada.dir), ["wired_address"]);
  await ada.on(here);
  await ada.on(cloned);
  assert.deepEqual(toldIn(ada.dir), ["wired_address", "wired_address"]);
  writeFileSync(join(ada.dir, "config.toml"), '[clone]\npolicy = "warn"\n');
  await ada.on(there);
  assert.deepEqual(toldIn(ada.dir), ["wired_address", "wired_address", "host_id"]);
});

/** Reasons of the events that the folder's daemon has stored. */
function toldIn(dir: string): unknown[] {
  const inbox = new DatabaseSync(join(dir, "inbox.db"), { readOnly: true });
  try {
    return inbox
      .prepare("SELECT data FROM event WHERE event = 'member_clone_suspected' ORDER BY id")
      .all()
      .map(({ data }) => (JSON.parse(String(data)) as { reason: unknown }).reason);
  } finally {
    inbox.close();
  }
}
