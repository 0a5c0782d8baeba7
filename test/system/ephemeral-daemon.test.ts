import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { createManualClock } from "../../src/base/manual-clock.fixture.ts";
import { handOverText, readHandedOver } from "../../src/bin/ephemeral/handed-over.ts";
import { type InMemory, joinBrokerInMemory } from "../../src/bin/join-broker.ts";
import { connect } from "../../src/client/connect.ts";
import { createDaemon } from "../../src/daemon/daemon.ts";
import { writeMeshFile } from "../../src/daemon/identity/mesh-file.ts";
import { linked, mesh } from "../support/mesh.ts";
import { onEnd } from "../support/on-end.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** A daemon of a member whose keys are on no disk, as its process starts it. */
async function start(t: TestContext, member: InMemory, more: { ttlMs?: number; clock?: typeof systemClock } = {}) {
  const dir = join(tempFolder(t), "job");
  mkdirSync(dir, { mode: 0o700 });
  writeMeshFile(dir, member.mesh);
  const text = handOverText({ keypair: member.keypair, chain: member.chain, ttlMs: more.ttlMs ?? null });
  const ephemeral = await readHandedOver(pieces(text));
  const daemon = createDaemon({ dir, clock: more.clock ?? systemClock, log: silentLog, http: false, ephemeral });
  onEnd(t, () => daemon.stop());
  await daemon.start();
  const client = connect({ socketPath: daemon.socketPath });
  onEnd(t, () => client.close());
  return { dir, daemon, client };
}

async function* pieces(text: string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000);
}

function filesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(dir, name)).isFile());
}

test("an ephemeral daemon has nothing of its keys and messages on disk, says so, and leaves when it ends", async (t) => {
  const { broker, daemons } = await mesh(t, ["ann"]);
  const { ann } = daemons;
  const member = await joinBrokerInMemory({ dataDir: broker.dataDir, slug: "local", name: "ci-1" });
  const { dir, daemon, client } = await start(t, member);
  await linked({ client });
  const secret = "the words of a message that no disk shall have";
  const sent = await client.send({ to: "@ann", message: secret, client_message_id: "job-1" });
  assert.equal(sent.durability, "process");
  assert.equal((await client.version()).durability, "process");
  const health = await client.health();
  assert.deepEqual([health.durability, health.ends_at], ["process", null]);
  assert.equal((await ann.client.send({ to: "@ann", message: "x" })).durability, "disk");
  await client.send({ to: "#all", message: secret });
  await ann.client.send({ to: "@ci-1", message: secret });
  const seen = new AbortController();
  for await (const { event } of client.events({ after: 0, signal: seen.signal })) if (event === "message") seen.abort();

  const keys = Object.entries(JSON.parse(member.keypair) as Record<string, string>);
  const secrets = keys.filter(([name]) => /privkey|secret/.test(name)).map(([, value]) => value);
  assert.equal(secrets.length, 3);
  for (const name of filesIn(dir)) {
    const bytes = readFileSync(join(dir, name));
    for (const one of [...secrets, secret]) {
      assert.ok(!bytes.includes(one), `${name} holds what is in memory alone`);
      assert.ok(!bytes.includes(Buffer.from(one, "base64url")), `${name} holds the bytes of it`);
    }
  }
  const allowed = new Set(["daemon.json", "daemon.lock", "daemon.lock-journal", "mesh.json", "schema_version"]);
  assert.deepEqual(
    filesIn(dir).filter((name) => !allowed.has(name)),
    [],
  );

  assert.equal(await daemon.finish(null), null);
  await assert.rejects(client.send({ to: "@ann", message: "late" }), { code: /stopping|not_a_member/ });
  const again = await client.send({ to: "@ann", message: secret, client_message_id: "job-1" });
  assert.deepEqual([again.state, again.duplicate], ["done", true], "what is known is answered to the end");
  await daemon.stop();
  const left = new AbortController();
  for await (const { event } of ann.client.events({ after: 0, signal: left.signal }))
    if (event === "member_left") left.abort();
  const { items } = await ann.client.memberList({ ended: true });
  assert.equal(items.find(({ name }) => name === "ci-1")?.status, "left");
});

test("an ephemeral daemon takes nothing new from the moment it is told to end, and ends by itself when its time is over", async (t) => {
  const { broker } = await mesh(t, ["ann"]);
  const member = await joinBrokerInMemory({ dataDir: broker.dataDir, slug: "local", name: "ci-1" });
  const clock = createManualClock(Date.now());
  // Where nobody listens: what it takes stays.
  const away = { ...member, mesh: { ...member.mesh, broker_url: "ws://127.0.0.1:9/v1/link" } };
  const { daemon, client } = await start(t, away, { ttlMs: 7_200_000, clock });
  assert.equal((await client.health()).ends_at, new Date(clock.now() + 7_200_000).toISOString());
  await client.send({ to: "@ci-1", message: "kept", client_message_id: "kept" });
  clock.advance(7_200_000);
  assert.equal(await daemon.ended, null);
  let finished = false;
  const finish = daemon.finish(null).then((end) => {
    finished = true;
    return end;
  });
  await assert.rejects(client.send({ to: "@ci-1", message: "late" }), { code: "stopping" });
  await assert.rejects(client.outbox.requeue(1), { code: "stopping" });
  while (!finished) {
    clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const end = await finish;
  assert.deepEqual([end?.kind, end?.details], ["messages_unsent", { unsent: 1, ids: ["kept"] }]);
  const fatal = await daemon.finish({ kind: "member_revoked", message: "revoked" });
  assert.equal(fatal?.kind, "member_revoked", "why it ends is said first");
  assert.match(fatal.message, /^revoked; the broker had not taken 1 message.*kept$/);
});

test("an ephemeral member that leaves by itself ends well, and one that was revoked does not", async (t) => {
  const { broker, daemons } = await mesh(t, ["ann"]);
  const [leaving, revoked] = [
    await joinBrokerInMemory({ dataDir: broker.dataDir, slug: "local", name: "ci-1" }),
    await joinBrokerInMemory({ dataDir: broker.dataDir, slug: "local", name: "ci-2" }),
  ];
  const first = await start(t, leaving);
  await linked(first);
  await assert.rejects(first.client.keypair.rotate(), { code: "not_allowed", message: /in no file/ });
  await first.client.membership.leave();
  const left = await first.daemon.ended;
  assert.equal(left?.kind, "member_revoked", "so the link says");
  assert.equal(await first.daemon.finish(left), null);
  const second = await start(t, revoked);
  await linked(second);
  await daemons.ann.client.membership.revoke("@ci-2");
  const ended = await second.daemon.ended;
  assert.equal((await second.daemon.finish(ended))?.kind, "member_revoked");
});

test("a killed ephemeral member is shown as expired when the broker has forgotten it, and nothing is sent to it any more", async (t) => {
  const clock = createManualClock(Date.now());
  const { broker, daemons } = await mesh(t, ["ann"], { broker: { clock } });
  const { client } = daemons.ann;
  const { daemon, client: job } = await start(
    t,
    await joinBrokerInMemory({ dataDir: broker.dataDir, slug: "local", name: "ci-1" }),
  );
  await linked({ client: job });
  // Without what goes before a stop in good order, as the process that is killed.
  await daemon.stop();
  for (let minute = 0; minute < 13; minute += 1) {
    clock.advance(60_000);
    await broker.admin.upkeep("ephemeral", true);
  }
  await linked({ client });
  const gone = async () => (await client.memberList()).items.find(({ name }) => name === "ci-1")?.status;
  await assert.rejects(client.send({ to: "@ci-1", message: "hello?" }), {
    code: "unknown_destination",
    message: /was ephemeral, and the broker has forgotten it/,
  });
  assert.equal(await gone(), "expired");
  await client.membership.revoke("@ci-1");
  assert.equal(await gone(), undefined);
});

test("keys that came broken off, or with something else, start nothing and are quoted nowhere", async (t) => {
  const { broker } = await mesh(t, ["ann"]);
  const { keypair, chain } = await joinBrokerInMemory({ dataDir: broker.dataDir, slug: "local", name: "ci-1" });
  const text = handOverText({ keypair, chain, ttlMs: null });
  const key = (JSON.parse(keypair) as Record<string, string>)["ed25519_privkey"] ?? "";
  for (const bad of [
    "",
    "{",
    text.slice(0, -1),
    text.slice(0, 200),
    "null",
    "[]",
    '{"keypair":1}',
    handOverText({ keypair, chain, ttlMs: -1 }),
    handOverText({ keypair: keypair.slice(9), chain, ttlMs: null }),
  ])
    await assert.rejects(readHandedOver(pieces(bad)), (thrown: Error & { code?: string }) => {
      assert.equal(thrown.code, "invalid_config");
      assert.ok(!`${thrown.message}${thrown.stack}`.includes(key.slice(0, 16)));
      return true;
    });
});

test("an ephemeral member founds no mesh, which would lose its owner with it", async (t) => {
  const { broker } = await mesh(t, []);
  await assert.rejects(joinBrokerInMemory({ dataDir: broker.dataDir, slug: "local", name: "ci-1" }), {
    code: "not_allowed",
    message: /has no owner yet/,
  });
});
