import assert from "node:assert/strict";
import { existsSync, readFileSync, renameSync, watch } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { joinMesh } from "../../src/bin/join-mesh.ts";
import { host, ok } from "../support/claudemesh.ts";
import { brokerProcess, daemonProcess } from "../support/program-process.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** Resolves once `file` of the folder holds what `expected` looks for. */
async function holds(folder: string, file: string, expected: RegExp, abort: AbortSignal): Promise<void> {
  const watcher = watch(folder, { signal: abort });
  const found = (): boolean =>
    existsSync(join(folder, file)) && expected.test(readFileSync(join(folder, file), "utf8"));
  await new Promise<void>((resolve, reject) => {
    const look = (): void => void (found() && resolve());
    watcher.on("change", look).on("error", reject);
    look();
  });
  watcher.close();
}

test("a daemon that is still starting is waited for, instead of a second one that fails beside it", async (t) => {
  const alice = host(t, "alice");
  ok(await alice.up());
  ok(await alice.run(["daemon", "down"]));
  const dir = join(alice.home, "daemon", "local");
  const slow = await daemonProcess(t, dir);
  // It holds its lock and is not found, as one that has not come further yet.
  renameSync(join(dir, "sock"), join(dir, "sock.later"));
  const up = alice.run(["daemon", "up", "--json"]);
  await holds(dir, "start.log", /another daemon runs/, t.signal);
  ok(await alice.run(["help"]));
  renameSync(join(dir, "sock.later"), join(dir, "sock"));
  const { status } = JSON.parse(ok(await up)) as { status: { pid: number } };
  assert.equal(status.pid, slow.pid);
});

test("a broker that is still starting where it shall not listen gives way to one that does", async (t) => {
  const alice = host(t, "alice");
  ok(await alice.up());
  ok(await alice.run(["broker", "down"]));
  const data = join(alice.home, "broker");
  const slow = await brokerProcess(t, data);
  process.kill(slow.pid, "SIGSTOP");
  const up = alice.run(["broker", "up", "--listen", "127.0.0.1:0", "--tls", "--json"]);
  await holds(data, "start.log", /[Aa]nother broker runs/, t.signal);
  process.kill(slow.pid, "SIGCONT");
  const { status } = JSON.parse(ok(await up)) as { status: { pid: number; exposed_url: string } };
  assert.notEqual(status.pid, slow.pid);
  assert.match(status.exposed_url, /^wss:/);
});

test("nothing of the broker's new address is noted before the daemon that dials the old one has ended", async (t) => {
  const folder = tempFolder(t);
  const alice = host(t, "alice", folder);
  const bob = host(t, "bob", folder);
  ok(await alice.run(["up", "--name", "alice", "--listen", "127.0.0.1:0", "--tls"]));
  ok(await bob.run(["join", ok(await alice.run(["invite"])).trim(), "--name", "bob"]));
  ok(await alice.run(["broker", "up", "--listen", "localhost:0", "--tls"]));
  const link = ok(await alice.run(["invite"])).trim();
  const file = join(bob.home, "daemon", "team", "mesh.json");
  const before = readFileSync(file, "utf8");
  const killed = new Error("killed");
  const stop = (): Promise<never> => Promise.reject(killed);
  await assert.rejects(joinMesh({ home: bob.home, link, name: null, slug: null, stop, signal: t.signal }), killed);
  assert.equal(readFileSync(file, "utf8"), before);
  ok(await bob.run(["join", link]));
  ok(await bob.run(["send", "@alice", "here again", "--wait", "delivered"]));
});
