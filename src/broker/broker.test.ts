import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { silentLog } from "../base/log.ts";
import { createManualClock } from "../base/manual-clock.fixture.ts";
import { createBroker } from "./broker.ts";
import { createSqliteStore } from "./store/sqlite/sqlite-store.ts";
import { positionSecret } from "./store/store-bench.fixture.ts";
import { brokerFixture, call } from "./testing/fixture.ts";
import { envelopeOf, isType } from "./testing/peer.ts";

test("a restart takes the same port, the same identity and the same meshes", async (context) => {
  const fixture = await brokerFixture(context);
  const { url, brokerId, deploymentPublicKey } = fixture.broker;
  await fixture.restart();
  assert.deepEqual(
    [fixture.broker.url, fixture.broker.brokerId, fixture.broker.deploymentPublicKey],
    [url, brokerId, deploymentPublicKey],
  );
  const { json } = await fixture.admin("GET", "/v1/meshes");
  assert.equal((json["meshes"] as { mesh_id: string }[])[0]?.mesh_id, fixture.meshId);
});

test("the folder is private, and so are the key and the admin socket", async (context) => {
  const fixture = await brokerFixture(context);
  const mode = (path: string) => statSync(path).mode & 0o777;
  assert.equal(mode(fixture.dataDir), 0o700);
  for (const file of ["deployment_key.json", "admin.sock", "broker.json"])
    assert.equal(mode(join(fixture.dataDir, file)), 0o600);
});

test("a second broker on the same folder does not start", async (context) => {
  const fixture = await brokerFixture(context);
  const second = createBroker({
    dataDir: fixture.dataDir,
    listen: { host: "127.0.0.1", port: 0 },
    clock: fixture.clock,
    log: silentLog,
  });
  await assert.rejects(second.start(), { code: "already_running" });
});

test("a store that does not end well keeps nothing else of a stopped broker: its folder is free for the next one", async (context) => {
  const dataDir = mkdtempSync(join(tmpdir(), "cm-broker-"));
  context.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const common = { dataDir, listen: { host: "127.0.0.1", port: 0 }, clock: createManualClock(), log: silentLog };
  const store = createSqliteStore({
    ...common,
    path: join(dataDir, "broker.db"),
    positionSecret,
    dedupe: { mode: "retention_scoped", retentionDays: 365 },
    messageRetentionDays: 30,
  });
  const first = createBroker({
    ...common,
    store: {
      ...store,
      async stop() {
        await store.stop();
        throw new Error("planted");
      },
    },
  });
  await first.start();
  await assert.rejects(first.stop(), { message: "planted" });
  const second = createBroker(common);
  context.after(() => second.stop());
  await second.start();
});

test("a deployment key that cannot be read stops the start and is not replaced", async (context) => {
  const fixture = await brokerFixture(context);
  await fixture.broker.stop();
  const path = join(fixture.dataDir, "deployment_key.json");
  writeFileSync(path, "{}");
  const second = createBroker({
    dataDir: fixture.dataDir,
    listen: { host: "127.0.0.1", port: 0 },
    clock: fixture.clock,
    log: silentLog,
  });
  await assert.rejects(second.start(), { code: "invalid_config" });
  assert.equal(readFileSync(path, "utf8"), "{}");
});

test("an address of Redis that cannot be read stops the start, and is not repeated: it may hold a password", async (context) => {
  const fixture = await brokerFixture(context);
  await fixture.broker.stop();
  const second = createBroker({
    dataDir: fixture.dataDir,
    listen: { host: "127.0.0.1", port: 0 },
    clock: fixture.clock,
    log: silentLog,
    redisUrl: "http://:secret@cache",
  });
  await assert.rejects(second.start(), (error: Error & { code?: string; hint?: string }) => {
    assert.equal(error.code, "invalid_config");
    assert.match(error.hint ?? "", /rediss:/);
    assert.ok(!`${error.stack} ${error.hint}`.includes("secret"));
    return true;
  });
  // Nothing of it is left: the folder is free.
  await fixture.start();
});

test("dedupe records kept shorter than messages are refused at start", () => {
  assert.throws(
    () =>
      createBroker({
        dataDir: "unused",
        listen: { host: "127.0.0.1", port: 0 },
        clock: { now: () => 0, after: () => ({ cancel() {} }) },
        log: silentLog,
        dedupe: { mode: "retention_scoped", retentionDays: 7 },
        messageRetentionDays: 30,
      }),
    { code: "invalid_config" },
  );
});

test("a graceful stop answers what is in its batch, closes with 1012, and can be asked for twice", async (context) => {
  const fixture = await brokerFixture(context);
  const [alice, bob] = [await fixture.member("alice"), await fixture.member("bob")];
  const link = await fixture.connect(alice);
  const answers = link.sendItems([envelopeOf(fixture.meshId, alice, bob.memberId, "x")]);
  assert.equal((await answers)[0]?.status, 201);
  await Promise.all([fixture.broker.stop(), fixture.broker.stop()]);
  assert.equal((await link.closed).code, 1012);
});

test("a stop asked for over the admin socket ends the broker", async (context) => {
  const fixture = await brokerFixture(context);
  assert.equal((await fixture.admin("POST", "/v1/shutdown")).status, 202);
  assert.equal(await fixture.broker.ended, null);
  await fixture.broker.stop();
});

test("the public port tells health, readiness and metrics, and knows nothing else", async (context) => {
  const fixture = await brokerFixture(context);
  const { hostname, port } = new URL(fixture.broker.url);
  const get = (path: string, method = "GET") => call({ host: hostname, port: Number(port) }, method, path);
  assert.equal((await get("/healthz")).status, 200);
  assert.equal((await get("/readyz")).status, 200);
  assert.match((await get("/metrics")).text, /cm_broker_accept_batch_size_bucket/);
  const missing = await get("/v1/meshes");
  assert.equal(missing.status, 404);
  assert.equal(missing.headers["content-type"], "application/problem+json");
  assert.equal(missing.json["code"], "not_found");
  const posted = await get("/healthz", "POST");
  assert.deepEqual([posted.status, posted.headers["allow"]], [405, "GET, HEAD"]);
});

test("the admin socket makes a mesh once, adds a member once, and refuses what it does not understand", async (context) => {
  const fixture = await brokerFixture(context);
  assert.equal((await fixture.admin("POST", "/v1/meshes", { slug: "test" })).json["mesh_id"], fixture.meshId);
  const alice = await fixture.member("alice");
  const members = `/v1/meshes/${fixture.meshId}/members`;
  assert.equal(
    (await fixture.admin("POST", members, { member_id: alice.memberId, name: "alice", role: "member" })).status,
    200,
  );
  const code = async (path: string, body: unknown) => (await fixture.admin("POST", path, body)).json["code"];
  assert.equal(await code(members, { member_id: "f".repeat(64), name: "ALICE", role: "member" }), "already_exists");
  assert.equal(await code(members, { member_id: "short", name: "x", role: "member" }), "invalid_field");
  assert.equal(await code("/v1/meshes", { slug: "x", extra: 1 }), "unknown_field");
  assert.equal(await code("/v1/meshes", {}), "missing_field");
  assert.equal(await code("/v1/nothing", {}), "not_found");
  const status = (await fixture.admin("GET", "/v1/status")).json;
  assert.deepEqual(
    [status["broker_id"], status["broker_key"], status["url"], status["pid"], status["links"]],
    [fixture.broker.brokerId, fixture.broker.deploymentPublicKey, fixture.broker.url, process.pid, 0],
  );
});

test("a new member is announced to those who are here, and its coming and going follow its lease", async (context) => {
  const fixture = await brokerFixture(context);
  const alice = await fixture.connect(await fixture.member("alice"));
  const bob = await fixture.member("bob");
  const event = (name: string) =>
    alice.next(
      (frame): frame is Extract<typeof frame, { type: "event" }> => frame.type === "event" && frame.event === name,
    );
  await event("member_joined");
  const link = await fixture.connect(bob);
  await event("member_online");
  await link.close();
  assert.equal(
    (await alice.request<"members">({ type: "members" })).members.find(({ name }) => name === "bob")?.online,
    true,
  );
  // Bob's own socket is gone at the broker once alice is alone on its count.
  while (Number((await fixture.admin("GET", "/v1/status")).json["links"]) > 1);
  alice.socket.ping();
  fixture.clock.advance(60_000);
  await new Promise((resolve) => alice.socket.once("ping", resolve).ping(resolve));
  await alice.request<"members">({ type: "members" });
  fixture.clock.advance(30_000);
  await event("member_offline");
});

test("who was online when its broker restarted, and does not come back, is told as offline when its lease ends", async (context) => {
  const fixture = await brokerFixture(context);
  const [here, gone] = [await fixture.member("here"), await fixture.member("gone")];
  await fixture.connect(gone);
  await fixture.restart();
  const link = await fixture.connect(here);
  const { members } = await link.request<"members">({ type: "members" });
  assert.equal(members.find(({ name }) => name === "gone")?.online, true);
  fixture.clock.advance(60_000);
  await link.request<"members">({ type: "members" });
  fixture.clock.advance(30_000);
  const told = await link.next(
    (frame): frame is Extract<typeof frame, { type: "event" }> =>
      frame.type === "event" && frame.event === "member_offline",
  );
  assert.equal("member" in told && told.member?.name, "gone");
});

test("a link that falls silent is given up, one that answers pings is kept", async (context) => {
  const fixture = await brokerFixture(context);
  const silent = await fixture.connect(await fixture.member("silent"));
  const lively = await fixture.connect(await fixture.member("lively"));
  silent.socket.pause();
  for (let step = 0; step < 3; step += 1) {
    fixture.clock.advance(25_000);
    await lively.request<"topics">({ type: "topics" });
  }
  silent.socket.resume();
  assert.equal((await silent.closed).code, 1006);
  assert.equal((await lively.request<"members">({ type: "members" })).members.length, 2);
});

test("an unknown frame is answered and ignored, malformed traffic ends the link with 4001", async (context) => {
  const fixture = await brokerFixture(context);
  const link = await fixture.connect(await fixture.member("alice"));
  link.send({ type: "teleport", id: 9 });
  const error = await link.next(isType("error"));
  assert.deepEqual([error.id, error.code, error.closes], [9, "protocol_error", false]);
  assert.equal((await link.request<"members">({ type: "members" })).members.length, 1);
  link.socket.send("{");
  const { code, reason } = await link.closed;
  assert.equal(code, 4001);
  assert.equal((JSON.parse(reason) as { kind: string }).kind, "protocol_error");
});

test("a peer that does not read is cut off as a slow consumer", async (context) => {
  const fixture = await brokerFixture(context, { limits: { linkBufferedBytesMax: 100_000 } });
  const [alice, bob] = [await fixture.member("alice"), await fixture.member("bob")];
  const [from, slow] = [await fixture.connect(alice), await fixture.connect(bob)];
  slow.socket.pause();
  for (let sent = 0; (await fixture.metric('cm_broker_links_closed_total{code="4008"}')) === 0; sent += 1) {
    assert.ok(sent < 2_000);
    await from.sendItems(
      Array.from({ length: 16 }, () => envelopeOf(fixture.meshId, alice, bob.memberId, "x".repeat(40_000))),
    );
  }
  fixture.clock.advance(2_000);
  slow.socket.resume();
  assert.ok([4008, 1006].includes((await slow.closed).code));
});

test("the public port closes connections beyond its limit, and those it has go on", async (context) => {
  const fixture = await brokerFixture(context, { limits: { connectionsMax: 2 } });
  const alice = await fixture.connect(await fixture.member("alice"));
  const { hostname, port } = new URL(fixture.broker.url);
  const idle = connect({ host: hostname, port: Number(port) });
  await once(idle, "connect");
  const third = connect({ host: hostname, port: Number(port) });
  third.on("error", () => undefined);
  await once(third, "close");
  await alice.request<"members">({ type: "members" });
  idle.destroy();
});
