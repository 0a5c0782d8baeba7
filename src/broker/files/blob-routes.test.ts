import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { blobPath, writeBlobAuthorization } from "../../protocol/files/blob-request.ts";
import { limits } from "../../protocol/limits.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { blobsInFlightOfMemberMax } from "../broker-limits.ts";
import { brokerFixture, type Fixture } from "../testing/fixture.ts";
import { type Identity, newIdentity } from "../testing/peer.ts";
import { blobIdOf, callBlob } from "./blob-caller.fixture.ts";

const day = 86_400_000;

function filesOf(fixture: Fixture): string[] {
  return readdirSync(join(fixture.dataDir, "files"), { recursive: true, encoding: "utf8" }).filter((name) =>
    /[0-9a-f]{64}$|^tmp\/./.test(name),
  );
}

test("a member puts a blob, another one gets it, and putting it again changes nothing", async (t) => {
  const fixture = await brokerFixture(t);
  const [alice, bob] = [await fixture.member("alice"), await fixture.member("bob")];
  const bytes = randomBytes(limits.blobBytesMax);
  const blobId = blobIdOf(bytes);
  const before = await callBlob(fixture, bob, { method: "HEAD", blobId });
  assert.deepEqual([before.status, before.bytes.length], [404, 0]);
  const put = () => callBlob(fixture, alice, { method: "PUT", blobId, bytes });
  const first = await put();
  assert.equal(first.status, 201);
  assert.deepEqual(JSON.parse(first.bytes.toString()), { blob_id: blobId, bytes: bytes.length });
  assert.equal((await put()).status, 200);
  const head = await callBlob(fixture, bob, { method: "HEAD", blobId });
  assert.deepEqual([head.status, head.headers["content-length"], head.bytes.length], [200, `${bytes.length}`, 0]);
  const got = await callBlob(fixture, bob, { method: "GET", blobId });
  assert.deepEqual([got.status, got.bytes], [200, bytes]);
  await fixture.restart();
  assert.deepEqual((await callBlob(fixture, bob, { method: "GET", blobId })).bytes, bytes);
});

test("bytes that are not those of the name are refused, too many too, and nothing of them is kept", async (t) => {
  const fixture = await brokerFixture(t);
  const alice = await fixture.member("alice");
  const bytes = randomBytes(1_000);
  const blobId = blobIdOf(bytes);
  const wrong = await callBlob(fixture, alice, { method: "PUT", blobId, bytes: randomBytes(1_000) });
  assert.deepEqual([wrong.status, wrong.code], [400, "blob_mismatch"]);
  const tooMany = randomBytes(limits.blobBytesMax + 1);
  const large = await callBlob(fixture, alice, { method: "PUT", blobId: blobIdOf(tooMany), bytes: tooMany });
  assert.deepEqual([large.status, large.code], [413, "body_too_large"]);
  const odd = await callBlob(fixture, alice, { method: "GET", blobId: "../../broker.db" });
  assert.equal(odd.status, 404);
  assert.deepEqual(filesOf(fixture), []);
});

test("only a member of the mesh may ask, by a signature for this very request", async (t) => {
  const fixture = await brokerFixture(t);
  const [alice, bob, mallory] = [await fixture.member("alice"), await fixture.member("bob"), newIdentity()];
  const bytes = randomBytes(100);
  const blobId = blobIdOf(bytes);
  await callBlob(fixture, alice, { method: "PUT", blobId, bytes });
  const otherMesh = String((await fixture.admin("POST", "/v1/meshes", { slug: "other" })).json["mesh_id"]);
  const get = { method: "GET", blobId } as const;
  const path = `/v1/meshes/${fixture.meshId}/blobs/${blobId}`;
  const asked = [
    await callBlob(fixture, mallory, get),
    await callBlob(fixture, { ...alice, privateKey: mallory.privateKey }, get),
    await callBlob(fixture, alice, { ...get, sent: { authorization: null } }),
    await callBlob(fixture, alice, { ...get, sent: { authorization: "Bearer cmk_x" } }),
    await callBlob(fixture, alice, { ...get, method: "HEAD", sent: { method: "GET" } }),
    await callBlob(fixture, alice, { ...get, blobId: blobIdOf(Buffer.from("x")), sent: { path } }),
    await callBlob(fixture, alice, { ...get, meshId: otherMesh, sent: { path } }),
    await callBlob(fixture, alice, { ...get, authority: "elsewhere.example:1" }),
    await callBlob(fixture, alice, {
      ...get,
      authority: "elsewhere.example:1",
      sent: { host: "elsewhere.example:1" },
    }),
    await callBlob(fixture, alice, { ...get, time: rfc3339(fixture.clock.now() - 300_001) }),
    await callBlob(fixture, alice, { ...get, time: rfc3339(fixture.clock.now() + 300_001) }),
    await callBlob(fixture, alice, { ...get, meshId: otherMesh }),
  ];
  assert.deepEqual(
    asked.map(({ code }) => code),
    [
      "not_a_member",
      ...Array.from({ length: 7 }, () => "auth_failed"),
      "host_forbidden",
      "auth_failed",
      "auth_failed",
      "not_a_member",
    ],
  );
  assert.equal(asked.filter(({ bytes: got }) => got.equals(bytes)).length, 0);
  const timely = await callBlob(fixture, alice, { ...get, time: rfc3339(fixture.clock.now() - 299_000) });
  assert.equal(timely.status, 200);
  fixture.plant(`UPDATE member SET status = 'revoked' WHERE member_id = '${bob.memberId}'`);
  const revoked = await callBlob(fixture, bob, get);
  assert.deepEqual([revoked.status, revoked.code], [403, "not_a_member"]);
});

test("whoever may not put is refused before its bytes are read", async (t) => {
  const fixture = await brokerFixture(t);
  const { hostname, port, host } = new URL(fixture.broker.url);
  const socket = connect({ host: hostname, port: Number(port) });
  t.after(() => socket.destroy());
  const head = [
    `PUT /v1/meshes/${fixture.meshId}/blobs/${"a".repeat(64)} HTTP/1.1`,
    `host: ${host}`,
    "expect: 100-continue",
    "content-length: 0",
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  const answer = await new Promise<string>((resolve) => {
    let said = "";
    socket.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes("auth_failed")) resolve(said);
    });
  });
  assert.match(answer, /HTTP\/1\.1 401 /);
});

test("a mesh takes no more room than it may, and a refusal says so", async (t) => {
  const fixture = await brokerFixture(t, { limits: { meshFileBytesMax: 1_500 } });
  const alice = await fixture.member("alice");
  const [one, two] = [randomBytes(1_000), randomBytes(1_000)];
  assert.equal((await callBlob(fixture, alice, { method: "PUT", blobId: blobIdOf(one), bytes: one })).status, 201);
  const refused = await callBlob(fixture, alice, { method: "PUT", blobId: blobIdOf(two), bytes: two });
  assert.deepEqual([refused.status, refused.code], [507, "files_full"]);
  assert.equal(filesOf(fixture).length, 1);
});

test("a blob goes when no kept message can name it any more, and HEAD, PUT and nothing else put that off", async (t) => {
  const fixture = await brokerFixture(t, { messageRetentionDays: 3 });
  const alice = await fixture.member("alice");
  const blobs = [0, 1, 2, 3].map(() => randomBytes(100));
  const ids = blobs.map(blobIdOf);
  for (const [n, bytes] of blobs.entries())
    await callBlob(fixture, alice, { method: "PUT", blobId: ids[n] ?? "", bytes });
  fixture.clock.jump(fixture.clock.now() + 3 * day);
  await callBlob(fixture, alice, { method: "HEAD", blobId: ids[0] ?? "" });
  await callBlob(fixture, alice, { method: "PUT", blobId: ids[1] ?? "", bytes: blobs[1] ?? Buffer.alloc(0) });
  await callBlob(fixture, alice, { method: "GET", blobId: ids[2] ?? "" });
  const upkeep = async (dry_run: boolean) => (await fixture.admin("POST", "/v1/upkeep/files", { dry_run })).json;
  assert.deepEqual(await upkeep(false), { blobs: 0, meshes: 0, unfinished: 0 });
  fixture.clock.jump(fixture.clock.now() + day + 1);
  assert.deepEqual(await upkeep(true), { blobs: 2, meshes: 0, unfinished: 0 });
  assert.equal(filesOf(fixture).length, 4);
  assert.deepEqual(await upkeep(false), { blobs: 2, meshes: 0, unfinished: 0 });
  const left = await Promise.all(ids.map((blobId) => callBlob(fixture, alice, { method: "GET", blobId })));
  assert.deepEqual(
    left.map(({ status }) => status),
    [200, 200, 404, 404],
  );
  assert.deepEqual(
    filesOf(fixture)
      .map((name) => name.slice(-64))
      .sort(),
    ids.slice(0, 2).sort(),
  );
  // What went can be put again.
  const again = await callBlob(fixture, alice, {
    method: "PUT",
    blobId: ids[3] ?? "",
    bytes: blobs[3] ?? Buffer.alloc(0),
  });
  assert.equal(again.status, 201);
});

test("a removal that a crash cut short is ended by the next run, and so is a put", async (t) => {
  const fixture = await brokerFixture(t);
  const alice = await fixture.member("alice");
  const [going, coming] = [randomBytes(100), randomBytes(100)];
  for (const bytes of [going, coming])
    await callBlob(fixture, alice, { method: "PUT", blobId: blobIdOf(bytes), bytes });
  const now = fixture.clock.now();
  fixture.plant(`UPDATE blob SET state = 'removing', refreshed_at = ${now} WHERE blob_id = '${blobIdOf(going)}';
    UPDATE blob SET state = 'pending', refreshed_at = ${now} WHERE blob_id = '${blobIdOf(coming)}'`);
  const put = await callBlob(fixture, alice, { method: "PUT", blobId: blobIdOf(going), bytes: going });
  assert.deepEqual([put.status, put.code, put.headers["retry-after"]], [503, "store_unavailable", "1"]);
  assert.equal((await callBlob(fixture, alice, { method: "GET", blobId: blobIdOf(coming) })).status, 404);
  fixture.clock.jump(now + 600_001);
  const { json } = await fixture.admin("POST", "/v1/upkeep/files", {});
  assert.deepEqual(json, { blobs: 2, meshes: 0, unfinished: 0 });
  assert.deepEqual(filesOf(fixture), []);
  assert.equal((await callBlob(fixture, alice, { method: "PUT", blobId: blobIdOf(going), bytes: going })).status, 201);
});

test("bytes that somebody changed or took away are not handed out, and can be put again", async (t) => {
  const fixture = await brokerFixture(t);
  const alice = await fixture.member("alice");
  const bytes = randomBytes(100);
  const blobId = blobIdOf(bytes);
  const put = () => callBlob(fixture, alice, { method: "PUT", blobId, bytes });
  await put();
  const path = join(fixture.dataDir, "files", filesOf(fixture)[0] ?? "");
  writeFileSync(path, randomBytes(100));
  assert.equal((await callBlob(fixture, alice, { method: "GET", blobId })).status, 404);
  await put();
  assert.deepEqual((await callBlob(fixture, alice, { method: "GET", blobId })).bytes, bytes);
  rmSync(path);
  assert.equal((await callBlob(fixture, alice, { method: "HEAD", blobId })).status, 404);
  await put();
  assert.deepEqual((await callBlob(fixture, alice, { method: "GET", blobId })).bytes, bytes);
  assert.ok(fixture.logged.some(({ level, message }) => level === "error" && message.includes("BLOB")));
});

test("the bytes of a mesh that is no more go too", async (t) => {
  const fixture = await brokerFixture(t);
  const alice = await fixture.member("alice");
  const bytes = randomBytes(100);
  await callBlob(fixture, alice, { method: "PUT", blobId: blobIdOf(bytes), bytes });
  fixture.plant("DELETE FROM blob; DELETE FROM blob_total; DELETE FROM mesh");
  const { json } = await fixture.admin("POST", "/v1/upkeep/files", {});
  assert.deepEqual(json, { blobs: 0, meshes: 1, unfinished: 0 });
  assert.deepEqual(filesOf(fixture), []);
});

test("a disk that takes nothing keeps nothing half", async (t) => {
  const fixture = await brokerFixture(t);
  const alice = await fixture.member("alice");
  const bytes = randomBytes(100);
  rmSync(join(fixture.dataDir, "files", "tmp"), { recursive: true });
  writeFileSync(join(fixture.dataDir, "files", "tmp"), "");
  const put = await callBlob(fixture, alice, { method: "PUT", blobId: blobIdOf(bytes), bytes });
  assert.deepEqual([put.status, put.code], [503, "store_unavailable"]);
  assert.doesNotMatch(put.bytes.toString(), /files\/tmp|ENOTDIR/, "no path of the broker's own");
  assert.equal((await callBlob(fixture, alice, { method: "HEAD", blobId: blobIdOf(bytes) })).status, 404);
});

/** Resolves once the broker waits for the bytes, which never come. */
async function beginPut(t: TestContext, fixture: Fixture, identity: Identity, blobId: string): Promise<void> {
  const { host, hostname, port } = new URL(fixture.broker.url);
  const { meshId } = fixture;
  const asked = { method: "PUT", path: blobPath(meshId, blobId), meshId, authority: host };
  const signed = { ...asked, memberId: identity.memberId, time: rfc3339(fixture.clock.now()) };
  const head = [
    `PUT ${asked.path} HTTP/1.1`,
    `host: ${host}`,
    `authorization: ${writeBlobAuthorization(signed, identity.privateKey)}`,
    "expect: 100-continue",
    "content-length: 1000",
  ];
  const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(`${head.join("\r\n")}\r\n\r\n`));
  t.after(() => socket.destroy());
  const [answer] = (await once(socket, "data")) as [Buffer];
  assert.match(String(answer), /^HTTP\/1\.1 100 /);
}

test("a member that begins puts and does not go on with them takes a share of the places, and leaves the rest to others", async (t) => {
  const fixture = await brokerFixture(t);
  const [alice, bob] = [await fixture.member("alice"), await fixture.member("bob")];
  const bytes = randomBytes(1_000);
  const blobId = blobIdOf(bytes);
  const begun: Promise<unknown>[] = [];
  for (let put = 0; put < blobsInFlightOfMemberMax; put += 1) begun.push(beginPut(t, fixture, alice, blobId));
  await Promise.all(begun);
  const refused = await callBlob(fixture, alice, { method: "HEAD", blobId });
  assert.equal(refused.status, 429);
  assert.equal((await callBlob(fixture, bob, { method: "PUT", blobId, bytes })).status, 201);
});
