import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { homeLife } from "../../src/bin/home-life/home-life.ts";
import { joinBroker } from "../../src/bin/join-broker.ts";
import { acquireLock } from "../../src/base/lock-file.ts";
import { planReset } from "../../src/bin/home-life/reset-home.ts";
import { uninstallHome } from "../../src/bin/home-life/uninstall-home.ts";
import { installedServices } from "../../src/bin/service/installed-services.ts";
import { type ServiceHost, thisHost } from "../../src/bin/service/service-host.ts";
import { installServiceOf } from "../../src/bin/service/service-of-home.ts";
import { supervisorLockPath } from "../../src/bin/supervise/supervisor-lock.ts";
import { setAside } from "../../src/bin/set-aside.ts";
import { broker, type TestBroker } from "../support/broker.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** A member's folder in a home, as `up` makes it; no daemon runs on it. */
async function joined(
  home: string,
  at: TestBroker,
  name: string,
  more: { readonly slug?: string; readonly role?: "owner" | "member" } = {},
): Promise<string> {
  const slug = more.slug ?? "local";
  const dir = join(home, "daemon", slug);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  await joinBroker({ dir, dataDir: at.dataDir, slug, name, role: more.role ?? "owner" });
  return dir;
}

async function brokerIn(t: TestContext, home: string): Promise<TestBroker> {
  mkdirSync(home, { recursive: true });
  return broker(t, { dataDir: join(home, "broker") });
}

test("a reset of everything takes the home's broker along, unless members or meshes of other homes need it", async (t) => {
  const folder = tempFolder(t);
  const [alice, bob] = [join(folder, "alice"), join(folder, "bob")];
  const started = await brokerIn(t, alice);
  await joined(alice, started, "alice");
  const everything = { home: alice, mesh: null, all: true };
  assert.deepEqual(await homeLife.resetPlan(everything), {
    members: ["@alice in mesh local"],
    broker: true,
    objections: [],
  });
  const alone = await homeLife.resetPlan({ ...everything, all: false });
  assert.match(
    alone.objections.join(),
    /this home's broker would keep mesh local without an owner; claudemesh reset --all/,
  );

  await joined(bob, started, "bob", { slug: "bobs" });
  const foreign = await homeLife.resetPlan(everything);
  assert.deepEqual(foreign.objections, ["this home's broker serves mesh bobs, of which this home is no member"]);
  await started.broker.stop();
  const stopped = await homeLife.resetPlan(everything);
  assert.match(stopped.objections.join(), /^this home's broker serves mesh [0-9a-f]{8}…, which another home founded$/);

  assert.deepEqual(await homeLife.reset(everything), { meshes: ["local"], broker: true });
  assert.deepEqual(readdirSync(alice), ["launch.lock"]);
  assert.deepEqual(await homeLife.reset(everything), { meshes: [], broker: false });
});

test("an only owner whose mesh has others is not reset by the way; a member of it is", async (t) => {
  const folder = tempFolder(t);
  const started = await broker(t, { dataDir: join(folder, "broker") });
  const [alice, bob] = [join(folder, "alice"), join(folder, "bob")];
  const [founder, guest] = [
    await joined(alice, started, "alice"),
    await joined(bob, started, "bob", { role: "member" }),
  ];
  // As alice's daemon would have read it from the broker.
  copyFileSync(join(guest, "membership.jsonl"), join(founder, "membership.jsonl"));
  const { objections } = await homeLife.resetPlan({ home: alice, mesh: null, all: false });
  assert.deepEqual(objections.length, 1);
  assert.match(objections[0] ?? "", /^@alice is the only owner of mesh local.*claudemesh member role @NAME owner$/);
  assert.deepEqual((await homeLife.resetPlan({ home: bob, mesh: "local", all: false })).objections, []);
});

test("a service that starts a mesh speaks against its reset, and is the first that an uninstall removes", async (t) => {
  const folder = tempFolder(t);
  const home = join(folder, "alice");
  const started = await brokerIn(t, home);
  await joined(home, started, "alice");
  await started.broker.stop();
  const root = join(folder, "machine");
  mkdirSync(join(root, "run/systemd/system"), { recursive: true });
  const asked: string[] = [];
  const machine: ServiceHost = {
    ...thisHost,
    platform: "linux",
    env: {},
    homeFolder: join(root, "alice"),
    userName: "alice",
    root,
    async runTool(_command, words) {
      asked.push(words.join(" "));
      return { code: 0, output: "" };
    },
  };
  const request = { home, mesh: null, scope: "user", user: null, broker: false, start: false, dryRun: false } as const;
  await installServiceOf({ ...request, force: true }, machine);
  const units = installedServices(home, machine);
  assert.equal(units.length, 1);
  const { objections } = await planReset({ home, mesh: null, all: true }, machine);
  assert.match(
    objections.join(),
    /^the service claudemesh\S* starts it; remove that first: claudemesh uninstall-service$/,
  );
  const supervisor = acquireLock(supervisorLockPath(home));
  const uninstall = () =>
    uninstallHome({ home, force: false, signal: new AbortController().signal, progress: () => undefined }, machine);
  asked.length = 0;
  await assert.rejects(uninstall(), { code: "already_running" });
  assert.deepEqual(installedServices(home, machine), []);
  assert.ok(asked.some((words) => words.includes("disable")));
  assert.ok(
    existsSync(join(home, "daemon/local/keypair.json")),
    "what somebody runs in the foreground is not pulled away",
  );
  supervisor.release();
  const { remains } = await uninstall();
  assert.deepEqual([remains, existsSync(home)], [[], false]);
});

test("a home whose files are damaged can be reset all the same, and the other meshes in it stay", async (t) => {
  const folder = tempFolder(t);
  const started = await broker(t, { dataDir: join(folder, "broker") });
  const home = join(folder, "alice");
  const dir = await joined(home, started, "alice", { slug: "one" });
  const other = await joined(home, started, "ada", { slug: "two" });
  for (const name of ["mesh.json", "keypair.json", "membership.jsonl"]) writeFileSync(join(dir, name), "torn");
  writeFileSync(join(dir, "outbox.db"), "no database");
  const kept = readdirSync(other);
  // What a removal that was killed has left.
  mkdirSync(join(home, "removed.tmp"));
  writeFileSync(join(home, "removed.tmp", "keypair.json"), "old");
  const request = { home, mesh: "one", all: false };
  assert.deepEqual(await homeLife.resetPlan(request), {
    members: ["the member of mesh one"],
    broker: false,
    objections: [],
  });
  assert.deepEqual(await homeLife.reset(request), { meshes: ["one"], broker: false });
  assert.deepEqual([existsSync(dir), existsSync(join(home, "removed.tmp")), readdirSync(other)], [false, false, kept]);
});

test("what is set aside twice in a second stands under two names, whole", (t) => {
  const home = tempFolder(t);
  const now = Date.parse("2026-11-26T10:00:00.000Z");
  const places = ["first", "second"].map((text) => {
    const dir = join(home, "daemon");
    mkdirSync(dir);
    writeFileSync(join(dir, "keypair.json"), text);
    return setAside(home, "work", dir, now);
  });
  assert.deepEqual(
    places,
    ["work-20261126T100000Z", "work-20261126T100000Z-2"].map((name) => join(home, "set-aside", name)),
  );
  assert.deepEqual(
    places.map((place) => readFileSync(join(place, "keypair.json"), "utf8")),
    ["first", "second"],
  );
  assert.equal(statSync(join(home, "set-aside")).mode & 0o777, 0o700);
});

test("a home's broker is put back with its meshes under the key that its members know, and only where none is", async (t) => {
  const folder = tempFolder(t);
  const [home, other] = [join(folder, "alice"), join(folder, "other")];
  const started = await brokerIn(t, home);
  await joined(home, started, "alice");
  const file = join(folder, "broker.backup");
  const passphrase = "geheim";
  const request = { home, what: { kind: "broker" } as const, out: file, keysOnly: false, force: false, passphrase };
  const [made] = await homeLife.backup(request);
  assert.deepEqual(
    [made?.of, made?.mesh, made?.address, made?.files],
    ["broker", null, null, ["deployment_key.json", "broker.db"]],
  );
  const before = await started.admin.status();
  const meshes = await started.admin.meshes();
  const again = { home, from: file, replace: false, passphrase };
  await assert.rejects(homeLife.restore(again), { code: "already_exists" });
  await started.broker.stop();
  const restored = await homeLife.restore({ ...again, home: other });
  assert.deepEqual([restored.of, restored.set_aside], ["broker", null]);
  const moved = await broker(t, { dataDir: join(other, "broker") });
  const after = await moved.admin.status();
  assert.deepEqual([after.broker_key, after.broker_id], [before.broker_key, before.broker_id]);
  assert.deepEqual(await moved.admin.meshes(), meshes);
});

test("all of a home goes into a folder, a file each; one that is there is not replaced by the way", async (t) => {
  const folder = tempFolder(t);
  const home = join(folder, "alice");
  const started = await brokerIn(t, home);
  await joined(home, started, "alice");
  await joined(home, started, "ada", { slug: "work" });
  const out = join(folder, "backups");
  const request = { home, what: { kind: "all" } as const, out, keysOnly: true, force: false, passphrase: "geheim" };
  await assert.rejects(homeLife.backup(request), { code: "usage", hint: /mkdir/ });
  mkdirSync(out);
  await homeLife.backup(request);
  const names = ["_broker", "local", "work"].map((name) => `${name}.claudemesh-backup`);
  assert.deepEqual(readdirSync(out).sort(), names);
  await assert.rejects(homeLife.backup(request), { code: "already_exists" });
  assert.deepEqual(readdirSync(out).sort(), names, "no draft is left");
});
