import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test, type TestContext } from "node:test";
import { homeLife } from "../../src/bin/home-life/home-life.ts";
import { restoreMesh } from "../../src/bin/home-life/restore-mesh.ts";
import { joinBroker } from "../../src/bin/join-broker.ts";
import { readLaunchRecord } from "../../src/bin/launch-record.ts";
import type { BackupRequest, Restored } from "../../src/cli/home-life.ts";
import type { Client } from "../../src/client/client.ts";
import { readKeypair } from "../../src/daemon/identity/keypair.ts";
import type { HostReaders } from "../../src/daemon/identity/host/readers.ts";
import { linuxHost, readersOf } from "../../src/daemon/identity/host/simulated-host.fixture.ts";
import { broker, type TestBroker } from "../support/broker.ts";
import { daemon, type TestDaemon } from "../support/daemon.ts";
import { linked } from "../support/mesh.ts";
import { tempFolder } from "../support/temp-folder.ts";

const passphrase = "korrekt pferd batterie";

/** A member in a home of its own, as `up` makes it, with its daemon in this process. */
async function member(
  t: TestContext,
  folder: string,
  name: string,
  at: TestBroker,
  on?: HostReaders,
): Promise<TestDaemon> {
  const home = join(folder, name);
  const dir = dirOf(home);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  await joinBroker({ dir, dataDir: at.dataDir, name, role: "member" });
  const started = await daemon(t, { dir, ...(on === undefined ? {} : { host: on }) });
  await linked(started);
  return started;
}

function hostOf(machineId: string): HostReaders {
  return readersOf(linuxHost({ machineId }));
}

function dirOf(home: string): string {
  return join(home, "daemon", "local");
}

function backup(home: string, out: string, more: Partial<BackupRequest> = {}): ReturnType<typeof homeLife.backup> {
  const what = { kind: "mesh", mesh: null } as const;
  return homeLife.backup({ home, what, out, keysOnly: false, force: false, passphrase, ...more });
}

async function restore(home: string, from: string, more: object = {}): Promise<Restored> {
  return homeLife.restore({ home, from, replace: false, passphrase, ...more });
}

async function textsOf(client: Client): Promise<string[]> {
  return (await client.inbox.list()).items.map((item) => item.message ?? "");
}

/** Resolves when a message of this text is in the inbox, whenever it came. */
async function received(client: Client, text: string): Promise<void> {
  const found = new AbortController();
  for await (const { event, data } of client.events({ after: 0, signal: found.signal }))
    if (event === "message" && data["message"] === text) found.abort();
}

/** Everything below a home, but the lock of launches. */
function contentOf(home: string): string[] {
  return readdirSync(home, { recursive: true, encoding: "utf8" })
    .filter((name) => name !== "launch.lock")
    .sort();
}

test("a member that is restored elsewhere reads its old mail, opens what was sealed to it meanwhile, and sends nothing twice", async (t) => {
  const folder = tempFolder(t);
  const started = await broker(t, { dataDir: join(folder, "broker") });
  const [laptop, another] = [hostOf("a1".repeat(16)), hostOf("b2".repeat(16))];
  const alice = await member(t, folder, "alice", started, laptop);
  const bob = await member(t, folder, "bob", started);
  await bob.client.send({ to: "@alice", message: "before" });
  await received(alice.client, "before");
  await alice.client.topics.create("builds");
  await bob.client.topics.join("builds");
  const sent = await alice.client.send({ to: "@bob", message: "sent before" }, { wait: "delivered" });
  const gone = await bob.restart();
  await gone.daemon.stop();
  // It is in the backup as one that waits, and goes out of the first home after all.
  await started.broker.stop();
  const waiting = await alice.client.send({ to: "#builds", message: "waits" });
  const [made] = await backup(join(folder, "alice"), join(folder, "alice.backup"));
  assert.deepEqual(
    [made?.mesh, made?.address, made?.messages, made?.bytes],
    ["local", "@alice", true, statSync(join(folder, "alice.backup")).size],
  );
  assert.equal(statSync(join(folder, "alice.backup")).mode & 0o777, 0o600);
  const again = await started.restart();
  await alice.client.waitFor(waiting.client_message_id, "accepted");
  await alice.daemon.stop();

  const bobAgain = await daemon(t, { dir: bob.dir });
  await received(bobAgain.client, "waits");
  await bobAgain.client.send({ to: "@alice", message: "meanwhile" }, { wait: "accepted" });

  const other = join(folder, "other");
  mkdirSync(other);
  const request = { home: other, from: join(folder, "alice.backup"), replace: false, passphrase };
  const restored = await restoreMesh(request, another);
  assert.deepEqual([restored.mesh, restored.address, restored.set_aside], ["local", "@alice", null]);
  assert.match(restored.notices.join(), /this is another host than that of the backup/);
  assert.equal(readdirSync(other).includes("restore.tmp"), false);
  for (const name of readdirSync(dirOf(other))) assert.equal(statSync(join(dirOf(other), name)).mode & 0o077, 0, name);
  // Which refuses whatever was only copied there.
  const alone = await daemon(t, { dir: dirOf(other), host: another });
  await linked(alone);
  await received(alone.client, "meanwhile");
  assert.deepEqual((await textsOf(alone.client)).sort(), ["before", "meanwhile"]);
  await alone.client.waitFor(waiting.client_message_id, "accepted");
  // The same id and request is the same message, also where the outbox of the backup knows nothing of it.
  const repeated = { to: "@bob", message: "sent before", client_message_id: sent.client_message_id };
  assert.equal((await alone.client.send(repeated)).duplicate, true);
  await alone.client.send({ to: "@bob", message: "the end" }, { wait: "delivered" });
  assert.deepEqual((await textsOf(bobAgain.client)).sort(), ["sent before", "the end", "waits"]);
  assert.equal((await again.admin.status()).broker_key.length, 64);
});

test("what was sent and received after a backup is neither sent twice nor lost: the id is bound at the broker, the rest is in its history", async (t) => {
  const folder = tempFolder(t);
  const started = await broker(t, { dataDir: join(folder, "broker") });
  const alice = await member(t, folder, "alice", started);
  const bob = await member(t, folder, "bob", started);
  await backup(join(folder, "alice"), join(folder, "alice.backup"), { keysOnly: true });
  const late = await alice.client.send({ to: "@bob", message: "late" }, { wait: "delivered" });
  await bob.client.send({ to: "@alice", message: "answer" }, { wait: "delivered" });
  await alice.daemon.stop();
  const other = join(folder, "other");
  const restored = await restore(other, join(folder, "alice.backup"));
  assert.equal(restored.messages, false);
  assert.ok(restored.notices.some((notice) => notice.includes("keys alone")));
  const alone = await daemon(t, { dir: dirOf(other) });
  await linked(alone);
  // This outbox has never heard of the id; the broker has, and the same request is sealed to the same bytes.
  const again = { to: "@bob", message: "late", client_message_id: late.client_message_id };
  await alone.client.send(again, { wait: "accepted" });
  await alone.client.send({ to: "@bob", message: "the end" }, { wait: "delivered" });
  assert.deepEqual((await textsOf(bob.client)).sort(), ["late", "the end"]);
  assert.deepEqual(await textsOf(alone.client), [], "what was confirmed is not pushed again");
  const { items } = await alone.client.history("dm");
  assert.ok(items.some((item) => "message" in item && item.message === "answer"));
});

test("a message that waits with a file ends dead after a restore and says why, and holds up no other", async (t) => {
  const folder = tempFolder(t);
  const started = await broker(t, { dataDir: join(folder, "broker") });
  const alice = await member(t, folder, "alice", started);
  await started.broker.stop();
  const bytes = randomBytes(3_000);
  const { file_id } = await alice.client.files.put({
    name: "a.bin",
    bytes: bytes.length,
    chunks: Readable.from([bytes]),
  });
  const withFile = await alice.client.send({ to: "@alice", message: "with a file", attachments: [{ file_id }] });
  await alice.client.send({ to: "@alice", message: "without" });
  const [made] = await backup(join(folder, "alice"), join(folder, "alice.backup"));
  assert.ok(made?.notices.some((notice) => notice.startsWith("files on their way are not in it")));
  await alice.daemon.stop();
  await started.restart();
  const other = join(folder, "other");
  await restore(other, join(folder, "alice.backup"));
  const alone = await daemon(t, { dir: dirOf(other) });
  await received(alone.client, "without");
  await assert.rejects(alone.client.waitFor(withFile.client_message_id, "accepted"), /file/);
  assert.equal((await alone.client.message(withFile.client_message_id)).status, "dead");
});

test("what is restored on its own host keeps the print by which the broker knows that host; one of a newer program is refused", async (t) => {
  const folder = tempFolder(t);
  const started = await broker(t, { dataDir: join(folder, "broker") });
  const laptop = hostOf("a1".repeat(16));
  const home = join(folder, "alice");
  const alice = await member(t, folder, "alice", started, laptop);
  await alice.daemon.stop();
  const path = join(dirOf(home), "host_fingerprint.json");
  const noted = readFileSync(path, "utf8");
  const back = async (): Promise<string> => {
    await backup(home, join(folder, "alice.backup"), { keysOnly: true, force: true });
    const request = { home, from: join(folder, "alice.backup"), replace: true, passphrase };
    const { notices } = await restoreMesh(request, laptop);
    assert.doesNotMatch(notices.join(), /another host/);
    return readFileSync(path, "utf8");
  };
  assert.equal(await back(), noted);
  rmSync(path);
  await assert.rejects(back(), { code: "ENOENT" }, "the first start notes it");
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(noted) as object), schema_version: 3, version: 3 }), {
    mode: 0o600,
  });
  const aside = readdirSync(join(home, "set-aside"));
  await assert.rejects(back(), { code: "schema_newer" });
  assert.deepEqual([readdirSync(join(home, "set-aside")), readdirSync(home).includes("restore.tmp")], [aside, false]);
});

test("a backup is refused where it does not belong, and whatever is refused leaves the home as it was", async (t) => {
  const folder = tempFolder(t);
  const started = await broker(t, { dataDir: join(folder, "broker") });
  const alice = await member(t, folder, "alice", started);
  const home = join(folder, "alice");
  const file = join(folder, "alice.backup");
  await backup(home, file);
  await assert.rejects(backup(home, file), { code: "already_exists" });
  await backup(home, file, { force: true });
  const whole = readFileSync(file);
  const other = join(folder, "other");
  mkdirSync(other, { mode: 0o700 });
  const variant = (name: string, bytes: Buffer): string => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const flipped = Buffer.from(whole);
  flipped.writeUInt8(flipped.readUInt8(whole.length - 5_000) ^ 4, whole.length - 5_000);
  const newer = Buffer.from(whole);
  newer.writeUInt16BE(2, 18);
  for (const [from, code, more] of [
    [file, "backup_unreadable", { passphrase: "another" }],
    [variant("flipped", flipped), "backup_unreadable", {}],
    [variant("cut", whole.subarray(0, whole.length - 20_000)), "backup_unreadable", {}],
    [variant("empty", Buffer.alloc(0)), "backup_unreadable", {}],
    [variant("newer", newer), "schema_newer", {}],
    [join(folder, "nowhere"), "usage", {}],
    [folder, "usage", {}],
  ] as const) {
    // What a restore that was killed has left.
    mkdirSync(join(other, "restore.tmp"));
    writeFileSync(join(other, "restore.tmp", "keypair.json"), "of another");
    await assert.rejects(restore(other, from, more), { code }, from);
    assert.deepEqual(contentOf(other), [], from);
  }
  const before = contentOf(home);
  await assert.rejects(restore(home, file), { code: "already_exists", hint: /--replace/ });
  assert.deepEqual(contentOf(home), before);
  assert.equal((await alice.client.health()).member.name, "alice", "its daemon runs on");
});

test("a restore in place of what is there sets that aside, whole, and keeps how it was started", async (t) => {
  const folder = tempFolder(t);
  const started = await broker(t, { dataDir: join(folder, "broker") });
  const alice = await member(t, folder, "alice", started);
  const home = join(folder, "alice");
  const { memberId } = readKeypair(dirOf(home));
  const file = join(folder, "alice.backup");
  await backup(home, file);
  writeFileSync(
    join(dirOf(home), "launch.json"),
    JSON.stringify({ http: true, broker: started.dataDir, readOnly: true }),
  );
  await alice.client.send({ to: "@alice", message: "after" }, { wait: "delivered" });
  await alice.daemon.stop();
  const { set_aside: away } = await restore(home, file, { replace: true });
  assert.equal(away?.startsWith(join(home, "set-aside", "local-")), true);
  assert.equal(readKeypair(away ?? "").memberId, memberId);
  assert.equal(statSync(join(home, "set-aside")).mode & 0o777, 0o700);
  const { http, readOnly, broker: served } = readLaunchRecord(dirOf(home));
  assert.deepEqual([http, readOnly, served], [true, false, started.dataDir]);
  const again = await daemon(t, { dir: dirOf(home) });
  assert.equal(again.daemon.memberId, memberId);
  assert.deepEqual(await textsOf(again.client), []);
});
