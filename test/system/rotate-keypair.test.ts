import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { joinBroker } from "../../src/bin/join-broker.ts";
import { joinMesh } from "../../src/bin/join-mesh.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { defaultConfig } from "../../src/daemon/config.ts";
import { readKeypair } from "../../src/daemon/identity/keypair.ts";
import { readIdentity } from "../../src/daemon/identity/member.ts";
import { openOwnKeys } from "../../src/daemon/identity/own-keys.ts";
import type { Envelope } from "../../src/protocol/envelope.ts";
import { nextEntry, verifyChain } from "../../src/protocol/membership/chain.ts";
import { type MembershipEntry, signKeyProof } from "../../src/protocol/membership/entry.ts";
import { rfc3339 } from "../../src/protocol/time.ts";
import { broker as startBroker, type TestBroker } from "../support/broker.ts";
import { daemon, type TestDaemon } from "../support/daemon.ts";
import { chainOf, hostileMesh } from "../support/hostile-mesh.ts";
import { linked, mesh } from "../support/mesh.ts";
import { tempFolder } from "../support/temp-folder.ts";

const dayMs = 86_400_000;

/** Resolves once the receiver shows a message of this text. */
async function shows({ client }: Pick<TestDaemon, "client">, text: string): Promise<void> {
  const read = new AbortController();
  for await (const { event, data } of client.events({ after: 0, signal: read.signal }))
    if (event === "message" && data["message"] === text) read.abort();
}

async function sends(
  from: Pick<TestDaemon, "client">,
  to: string,
  receiver: Pick<TestDaemon, "client">,
  text: string,
): Promise<void> {
  await from.client.send({ to, message: text });
  await shows(receiver, text);
}

async function metric({ client }: TestDaemon, name: string): Promise<number> {
  return Number(new RegExp(`^${name}\\{[^}]*\\} (\\d+)$`, "m").exec(await client.metrics())?.[1]);
}

const rotations = (member: Pick<TestDaemon, "dir">): number =>
  chainOf(member).entries.filter(({ kind }) => kind === "rotate").length;

test("a member that changes its keys keeps its address and everything sealed to it, and is believed by the new ones", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = daemons;
  await bob.client.topics.create("ops");
  await alice.client.topics.join("ops");
  await sends(alice, "#ops", bob, "to the topic, before");
  await sends(alice, "@bob", bob, "to bob, by the old key");
  const before = await bob.client.keypair.show();
  const rotated = await bob.client.keypair.rotate();
  assert.equal(rotated.key_id_before, before.key_id);
  assert.notEqual(rotated.keypair.key_id, before.key_id);
  assert.notEqual(rotated.keypair.x25519_pubkey, before.x25519_pubkey);
  assert.deepEqual(
    rotated.keypair.archive.keys.map(({ key_id, x25519_pubkey }) => [key_id, x25519_pubkey]),
    [[before.key_id, before.x25519_pubkey]],
  );
  for (const name of ["keypair.json", "keypair-archive.json"])
    assert.equal(statSync(join(bob.dir, name)).mode & 0o777, 0o600, name);
  assert.equal(existsSync(join(bob.dir, "keypair-next.json")), false);
  const kept = readKeypair(bob.dir);
  assert.deepEqual([kept.keyId, kept.memberId], [rotated.keypair.key_id, before.member_id]);

  const heard = new AbortController();
  for await (const { event, data } of alice.client.events({ after: 0, signal: heard.signal })) {
    if (event !== "member_keypair_rotated") continue;
    assert.deepEqual(
      [data["name"], data["key_id"], data["key_id_before"]],
      ["bob", rotated.keypair.key_id, before.key_id],
    );
    heard.abort();
  }
  await sends(bob, "@alice", alice, "by the new key");
  await sends(alice, "@bob", bob, "to the new key");
  await sends(bob, "#ops", alice, "to the topic, by the new key");
  await sends(alice, "#ops", bob, "to the topic, after");
  assert.deepEqual(
    (await bob.client.history("@bob", { limit: 10 })).items.map((item) => ("message" in item ? item.message : item)),
    ["to the new key", "by the new key", "to bob, by the old key"],
    "the broker's history opens with both",
  );

  const again = await bob.restart();
  await sends(alice, "@bob", again, "after a restart");
  await sends(again, "@alice", alice, "from after a restart");
  assert.equal((await again.client.keypair.show()).key_id, rotated.keypair.key_id);
});

/**
 * Changes a member's keys behind its daemon's back, as one that was killed has left it: the broker has the entry. `done`: on disk they are
 * the keys in use, since then.
 */
async function changedBefore(member: TestDaemon, { admin }: TestBroker, when: number, done: boolean): Promise<void> {
  const { memberId, keyId, signingKey, mesh: of } = readIdentity(member.dir);
  const nothing = (): void => undefined;
  const keys = openOwnKeys({
    dir: member.dir,
    keypair: readKeypair(member.dir),
    settings: () => defaultConfig.crypto,
    clock: { ...systemClock, now: () => when },
    log: silentLog,
    count: { expired: nothing, forceExpired: nothing, malformed: nothing },
  });
  const next = keys.begin();
  const pair = { ed25519_pubkey: next.ed25519PublicKey, x25519_pubkey: next.x25519PublicKey };
  const proven = signKeyProof(of.mesh_id, memberId, pair, next.signingKey);
  const { entries } = await admin.membershipAbove(of.mesh_id, -1);
  const before = verifyChain(entries as MembershipEntry[], of.mesh_id);
  const maker = { by: memberId, keyId, key: signingKey };
  const entry = nextEntry(before, { kind: "rotate", keys: proven }, maker, rfc3339(when));
  await admin.appendMembership(of.mesh_id, [entry]);
  if (done) keys.follow(verifyChain([...(entries as MembershipEntry[]), entry], of.mesh_id));
}

test("a daemon whose change of keys was taken while it was away finds that by itself, and opens what came meanwhile", async (t) => {
  const { broker, daemons } = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = daemons;
  const before = await bob.client.keypair.show();
  bob.client.close();
  await bob.daemon.stop();
  await alice.client.send({ to: "@bob", message: "to the old key", client_message_id: "old" });
  await alice.client.waitFor("old", "accepted");
  // Of a change that had begun long ago, its grace begins now.
  await changedBefore(bob, broker, Date.now() - 20 * dayMs, false);
  const back = await bob.restart();
  await shows(back, "to the old key");
  const keypair = await back.client.keypair.show();
  assert.deepEqual([keypair.changing, keypair.archive.keys[0]?.key_id], [null, before.key_id]);
  assert.ok(Date.parse(keypair.archive.keys[0]?.expires_at ?? "") > Date.now() + 6 * dayMs);
  assert.equal(await metric(back, "cm_daemon_archive_keys"), 1);
  await sends(alice, "@bob", back, "to the new key");
  await sends(back, "@alice", alice, "by the new key");
});

test("what is sealed to a former key opens for as long as its grace lasts, and is counted", async (t) => {
  const { broker, daemons } = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = daemons;
  bob.client.close();
  await bob.daemon.stop();
  await alice.client.send({ to: "@bob", message: "in time", client_message_id: "in-time" });
  await alice.client.waitFor("in-time", "accepted");
  await changedBefore(bob, broker, Date.now() - 6 * dayMs, true);
  const back = await bob.restart();
  await shows(back, "in time");
  assert.equal(await metric(back, "cm_daemon_decrypt_archived_total"), 1);
  assert.equal(await metric(back, "cm_daemon_decrypt_stale_total"), 0);
});

test("what is sealed to a key whose grace is over stays sealed, and its sender seals it again by the key in use", async (t) => {
  const { broker, daemons } = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = daemons;
  bob.client.close();
  await bob.daemon.stop();
  const sent = await alice.client.send({ to: "@bob", message: "late", client_message_id: "late" });
  await alice.client.waitFor("late", "accepted");
  await changedBefore(bob, broker, Date.now() - 8 * dayMs, true);
  const back = await bob.restart();
  await shows(back, "late");
  assert.ok((await metric(back, "cm_daemon_decrypt_stale_total")) >= 1);
  assert.deepEqual((await back.client.keypair.show()).archive.keys, []);
  assert.equal(existsSync(join(bob.dir, "keypair-archive.json")), false, "nothing in it, no file");
  const row = await alice.client.outbox.inspect(sent.outbox_id);
  assert.deepEqual([row.last_error?.code, row.superseded_by === null], ["undecryptable", false]);
});

test("a former key is forgotten by archive-cleanup when its grace is over, and not before", async (t) => {
  let now = 0;
  const { daemons } = await mesh(t, ["bob"], { daemon: { clock: { ...systemClock, now: () => Date.now() + now } } });
  const { bob } = daemons;
  const { key_id_before } = await bob.client.keypair.rotate();
  assert.deepEqual((await bob.client.keypair.cleanUpArchive()).dropped, []);
  now = 7 * dayMs + 1;
  const { dropped, keypair } = await bob.client.keypair.cleanUpArchive();
  assert.deepEqual([dropped, keypair.archive.keys], [[key_id_before], []]);
  assert.equal(await metric(bob, "cm_daemon_archive_expired_total"), 1);
});

test("a daemon whose archive of former keys is damaged starts, tells what was lost, and reads on with what was saved; or refuses", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = daemons;
  const { key_id_before: saved } = await bob.client.keypair.rotate();
  bob.client.close();
  await bob.daemon.stop();
  const path = join(bob.dir, "keypair-archive.json");
  const archive = JSON.parse(readFileSync(path, "utf8")) as { keys: object[] };
  const damaged = JSON.stringify({ ...archive, keys: [...archive.keys, { key_id: "7" }] });
  writeFileSync(path, damaged);
  writeFileSync(join(bob.dir, "config.toml"), '[crypto]\narchive_on_malformed = "refuse"\n');
  await assert.rejects(bob.restart(), { code: "invalid_config", message: /keypair-archive\.json is damaged/ });
  assert.equal(readFileSync(path, "utf8"), damaged);
  writeFileSync(join(bob.dir, "config.toml"), "");
  const back = await bob.restart();
  const heard = new AbortController();
  for await (const { event, data } of back.client.events({ after: 0, signal: heard.signal })) {
    if (event !== "keypair_archive_malformed") continue;
    assert.deepEqual([data["saved"], data["lost"]], [[saved], 1]);
    assert.equal(readFileSync(String(data["aside"]), "utf8"), damaged);
    heard.abort();
  }
  const { keys, damage } = (await back.client.keypair.show()).archive;
  assert.deepEqual([keys.map(({ key_id }) => key_id), damage?.lost], [[saved], 1]);
  assert.equal(await metric(back, "cm_daemon_archive_malformed_total"), 1);
  assert.equal(await metric(back, "cm_daemon_archive_lost_total"), 1);
  await sends(alice, "@bob", back, "read on");
});

for (const way of ["as on the broker's host", "by a link"] as const)
  test(`a broker that was put back from before a change of keys refuses the member, and is given the change by joining again, ${way}`, (t) =>
    putBack(t, way === "by a link"));

async function putBack(t: TestContext, byLink: boolean): Promise<void> {
  const { broker: first, daemons } = await mesh(t, ["alice"]);
  const { alice } = daemons;
  const { link } = await alice.client.invites.create();
  const store = join(first.dataDir, "broker.db");
  await first.broker.stop();
  const copy = readFileSync(store);
  const second = await startBroker(t, { dataDir: first.dataDir });
  await linked(alice);
  const { keypair } = await alice.client.keypair.rotate();
  await second.broker.stop();
  alice.client.close();
  await alice.daemon.stop();
  writeFileSync(store, copy);
  await startBroker(t, { dataDir: first.dataDir });
  const refused = await alice.restart();
  assert.equal((await refused.daemon.ended)?.kind, "auth_failed");
  refused.client.close();
  await refused.daemon.stop();
  let dir = alice.dir;
  if (byLink) {
    const home = tempFolder(t);
    dir = join(home, "daemon", "team");
    mkdirSync(join(home, "daemon"), { mode: 0o700 });
    renameSync(alice.dir, dir);
    const { signal } = new AbortController();
    const joined = await joinMesh({ home, link, name: null, slug: null, stop: async () => undefined, signal });
    assert.equal(joined.slug, "team");
  } else {
    const { handedIn } = await joinBroker({ dir, dataDir: first.dataDir, name: null, role: "member" });
    assert.equal(handedIn, 1);
  }
  // As `claudemesh up` dials: asked for, it does not wait because it ended before.
  const back = await daemon(t, { dir, dial: "after_end" });
  await linked(back);
  assert.equal((await back.client.keypair.show()).key_id, keypair.key_id);
}

test("a message that was frozen under the old key and had not been sent arrives as it was, whoever asks for other keys meanwhile", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob"]);
  const { alice, bob } = members;
  const { key_id } = await bob.client.keypair.show();
  const frozen = hostile.next(({ from, frame }) => from === "daemon" && frame["type"] === "send");
  hostile.plot({
    toBroker: (frame, link) => (frame.type === "send" && link.memberId === bob.memberId ? [] : [frame]),
  });
  await bob.client.send({ to: "@alice", message: "frozen" });
  const envelopeIn = (seen: { readonly frame: Readonly<Record<string, unknown>> }): Envelope =>
    (seen.frame["items"] as Envelope[])[0] ?? assert.fail();
  const first = envelopeIn(await frozen);
  assert.equal(first.key_id, key_id);
  await bob.client.keypair.rotate();
  hostile.plot(null);
  const sent = hostile.next(({ from, frame }) => from === "daemon" && frame["type"] === "send");
  hostile.cut();
  assert.deepEqual(envelopeIn(await sent), first);
  await shows(alice, "frozen");
  await sends(bob, "@alice", alice, "sealed afterwards");
});

test("an answer that is lost leaves a change of keys that the next link finds done: by one entry, with nothing left over", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob"]);
  const { alice, bob } = members;
  const before = (await bob.client.keypair.show()).key_id;
  hostile.plot({
    toBroker: (frame, link) => {
      // The broker closes the link; its answer, and what it tells of the entry, never comes here.
      if (frame.type === "membership_append") hostile.plot({ toDaemon: (_, of) => (of === link ? [] : [_]) });
      return [frame];
    },
  });
  await assert.rejects(bob.client.keypair.rotate(), { code: "outcome_pending", hint: /by itself/ });
  hostile.plot(null);
  for await (const { event } of alice.client.events({ after: 0 })) if (event === "member_keypair_rotated") break;
  await sends(alice, "@bob", bob, "after it");
  await sends(bob, "@alice", alice, "and from there");
  const after = await bob.client.keypair.show();
  assert.deepEqual([after.changing, after.archive.keys[0]?.key_id], [null, before]);
  assert.equal(rotations(bob), 1);
  assert.equal(existsSync(join(bob.dir, "keypair-next.json")), false);
});

test("a receipt by keys that its sender's host has not heard of makes it ask, and is not lost", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob"]);
  const { alice, bob } = members;
  // The news of the entry goes to bob alone.
  hostile.plot({
    toDaemon: (frame, link) =>
      frame.type === "event" && frame.event === "membership_changed" && link.memberId === alice.memberId ? [] : [frame],
    toBroker: (frame, link) => (frame.type === "receipt" && link.memberId === bob.memberId ? [] : [frame]),
  });
  const owed = hostile.next(({ from, frame }) => from === "daemon" && frame["type"] === "receipt");
  await alice.client.send({ to: "@bob", message: "read this", client_message_id: "r" });
  await owed;
  await bob.client.keypair.rotate();
  hostile.plot({
    toDaemon: (frame, link) =>
      frame.type === "event" && frame.event === "membership_changed" && link.memberId === alice.memberId ? [] : [frame],
  });
  hostile.linkOf(bob.memberId).cut();
  await alice.client.waitFor("r", "delivered");
  assert.equal(rotations(alice), 1);
});

test("killed with SIGKILL at any operation of the disk in a change of keys, a daemon is one of the two, and reads and sends all", async (t) => {
  const program = fileURLToPath(new URL("../support/rotating-process.ts", import.meta.url));
  const { broker, hostile, members } = await hostileMesh(t, ["alice", "bob"]);
  const { alice } = members;
  let bob: TestDaemon = members.bob;
  const { dir } = bob;
  const { memberId } = members.bob;
  for (let at = 1; ; at += 1) {
    // Sometimes, since it waits for its next attempt: a row that was frozen under the keys in use, and is on no wire.
    const withRow = at % 4 === 0;
    if (withRow) {
      const onItsWay = hostile.next(({ from, frame }) => from === "daemon" && frame["type"] === "send");
      hostile.plot({
        toBroker: (frame, link) => (frame.type === "send" && link.memberId === memberId ? [] : [frame]),
      });
      await bob.client.send({ to: "@alice", message: `frozen ${at}` });
      await onItsWay;
    }
    bob.client.close();
    await bob.daemon.stop();
    hostile.plot(null);
    await alice.client.send({ to: "@bob", message: `to the old key ${at}`, client_message_id: `old-${at}` });
    await alice.client.waitFor(`old-${at}`, "accepted");
    const child = spawn(process.execPath, [program, dir, broker.dataDir, String(at)], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
    bob = await bob.restart();
    await linked(bob);
    await shows(bob, `to the old key ${at}`);
    if (withRow) await shows(alice, `frozen ${at}`);
    await sends(alice, "@bob", bob, `to the keys in use ${at}`);
    await sends(bob, "@alice", alice, `by the keys in use ${at}`);
    const { key_id, changing } = await bob.client.keypair.show();
    const onDisk = JSON.parse(readFileSync(join(dir, "keypair.json"), "utf8")) as Record<string, unknown>;
    assert.deepEqual([changing, onDisk["key_id"], onDisk["member_id"]], [null, key_id, memberId], `at ${at}`);
    if (signal === "SIGKILL") continue;
    assert.deepEqual([code, at > 15], [0, true]);
    break;
  }
});
