import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { httpCall } from "../../http/http-call.fixture.ts";
import { signMembershipRead } from "../../protocol/admission.ts";
import { newUuidV7 } from "../../protocol/ids.ts";
import type { MembershipEntry } from "../../protocol/membership/entry.ts";
import { brokerProofBytes, publicKeyFromHex, verify } from "../../protocol/signing.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { beginChainOf, newMemberOf } from "../testing/chain.ts";
import { brokerFixture, type Fixture } from "../testing/fixture.ts";
import { type Identity, isType, newIdentity } from "../testing/peer.ts";
import { sealMesh } from "../testing/sealed-mesh.ts";

/** A mesh with a chain whose owner is connected, and what it takes to join it. */
async function mesh(context: TestContext) {
  const fixture = await brokerFixture(context);
  const sealed = await sealMesh(fixture);
  const { meshId, chain } = sealed;
  const at =
    (path: string) =>
    (body: unknown, id = meshId) =>
      httpCall(portOf(fixture), "POST", `/v1/meshes/${id}/${path}`, { body });
  const readOf = (invite: Identity, change: { after?: number; at?: string } = {}) =>
    signMembershipRead({ mesh_id: meshId, broker_key: fixture.broker.deploymentPublicKey }, invite.privateKey, {
      after: -1,
      at: rfc3339(fixture.clock.now()),
      ...change,
    });
  const post = at("join");
  /** The next join, which this copy of the chain does not take. */
  const joinOf = (invite: Identity, who: Identity, name: string): MembershipEntry =>
    chain.draft(invite, { kind: "join", member: newMemberOf(meshId, who, name) }, rfc3339(fixture.clock.now()));
  return { fixture, ...sealed, post, read: at("membership"), readOf, joinOf };
}

function portOf(fixture: Fixture): { port: number } {
  return { port: Number(new URL(fixture.broker.url).port) };
}

const answered = ({ status, json }: { status: number; json: Record<string, unknown> }) => [status, json["code"]];

test("who holds an invite reads the chain, becomes a member by its own entry, and the same entry again is answered alike", async (context) => {
  const { fixture, chain, ownerLink, invite, post, read, readOf, joinOf } = await mesh(context);
  const key = await invite();
  const seen = await read(readOf(key));
  assert.equal(seen.status, 200, JSON.stringify(seen.json));
  const head = { n: chain.state().n, hash: chain.state().head };
  assert.deepEqual(seen.json, { entries: chain.entries, head, slug: "test" });
  assert.deepEqual((await read(readOf(key, { after: 0 }))).json["entries"], chain.entries.slice(1));
  const bob = newIdentity();
  const entry = joinOf(key, bob, "bob");
  const first = await post({ entries: [entry] });
  const expected = { mesh_id: fixture.meshId, slug: "test", member_id: bob.memberId, name: "bob", role: "member" };
  assert.deepEqual([first.status, first.json], [201, expected]);
  const told = await ownerLink.next(isType("event"));
  assert.equal(told.event, "membership_changed");
  const again = await post({ entries: [entry] });
  assert.deepEqual([again.status, again.json], [200, expected]);
  const whole = await post({ entries: [...chain.entries, entry] });
  assert.deepEqual([whole.status, whole.json], [200, expected], "with those before it too");
  assert.equal((await fixture.connect(bob)).ack.member.name, "bob");
  const used = await read(readOf(key));
  assert.deepEqual((used.json["head"] as { n: number }).n, head.n + 1, "an invite that is used up still reads");
});

test("a reading without the invite's signature, of another time, mesh or broker is refused", async (context) => {
  const { fixture, meshId, chain, owner, add, invite, read, readOf } = await mesh(context);
  const key = await invite();
  const good = readOf(key);
  const elsewhere = signMembershipRead({ mesh_id: meshId, broker_key: "ab".repeat(32) }, key.privateKey, good);
  for (const bad of [
    { ...good, after: 0 },
    { ...good, invite_id: owner.memberId },
    { ...good, signature: "A".repeat(86) },
    elsewhere,
    readOf(key, { at: rfc3339(fixture.clock.now() - 600_001) }),
    readOf(key, { at: rfc3339(fixture.clock.now() + 600_001) }),
  ])
    assert.deepEqual(answered(await read(bad)), [401, "auth_failed"], JSON.stringify(bad));
  assert.deepEqual(
    answered(await read(good, newUuidV7(1))),
    [401, "auth_failed"],
    "which meshes there are is not told",
  );
  assert.deepEqual(answered(await read(readOf(newIdentity()))), [404, "invite_unknown"]);
  assert.deepEqual(answered(await read(readOf(owner))), [404, "invite_unknown"], "a member's key is no invite's");
  await add(owner, { kind: "invite_revoke", invite_id: key.memberId });
  assert.deepEqual(answered(await read(good)), [410, "invite_revoked"]);
  assert.equal(chain.state().n, 2);
});

test("an entry that admits nobody, is not signed by an invite that is open, or follows an older head takes nobody in", async (context) => {
  const { fixture, meshId, chain, owner, add, invite, post, joinOf } = await mesh(context);
  const key = await invite();
  const good = joinOf(key, newIdentity(), "bob");
  const forged = { ...good, signature: "A".repeat(86) };
  const named = { ...good, member: { ...(good as { member: object }).member, name: "carol" } };
  for (const bad of [forged, named])
    assert.deepEqual(answered(await post({ entries: [bad] })), [400, "membership_invalid"]);
  const stranger = joinOf(newIdentity(), newIdentity(), "eve");
  assert.deepEqual(answered(await post({ entries: [stranger] })), [404, "invite_unknown"]);
  assert.deepEqual(answered(await post({ entries: [good] }, newUuidV7(1))), [404, "invite_unknown"]);
  assert.deepEqual(answered(await post({ entries: [joinOf(key, newIdentity(), "owner")] })), [409, "already_exists"]);
  const policy = chain.draft(owner, { kind: "policy", destination: "#ops", unsealed: true });
  assert.deepEqual(answered(await post({ entries: [policy] })), [400, "membership_invalid"], "it takes nobody in");
  assert.deepEqual(answered(await post({ entries: [] })), [400, "membership_invalid"]);
  await add(owner, { kind: "policy", destination: "#ops", unsealed: true });
  assert.deepEqual(answered(await post({ entries: [good] })), [409, "membership_moved"]);
  const other = beginChainOf(meshId, newIdentity(), rfc3339(fixture.clock.now())).entries;
  assert.deepEqual(answered(await post({ entries: [...other, good] })), [409, "mesh_sealed"]);
  const late = joinOf(key, newIdentity(), "bob");
  fixture.clock.advance(60_000);
  assert.deepEqual(answered(await post({ entries: [late] })), [410, "invite_expired"], "by the broker's clock");
});

test("an invite takes in as many as it says, and nobody once it was taken back", async (context) => {
  const { owner, chain, add, append, invite, post, joinOf } = await mesh(context);
  const key = await invite();
  const one = joinOf(key, newIdentity(), "one");
  await append(chain.add(owner, { kind: "policy", destination: "#ops", unsealed: true }));
  assert.deepEqual(answered(await post({ entries: [one] })), [409, "membership_moved"]);
  const join1 = chain.join(key, newMemberOf(chain.state().meshId, newIdentity(), "one"));
  assert.equal((await post({ entries: [join1] })).status, 201);
  assert.deepEqual(answered(await post({ entries: [joinOf(key, newIdentity(), "two")] })), [410, "invite_used"]);
  const other = await invite();
  await add(owner, { kind: "invite_revoke", invite_id: other.memberId });
  assert.deepEqual(answered(await post({ entries: [joinOf(other, newIdentity(), "two")] })), [410, "invite_revoked"]);
});

test("a mesh without a chain takes nobody in by an entry, and begins none by this port", async (context) => {
  const fixture = await brokerFixture(context);
  const { meshId } = fixture;
  const owner = newIdentity();
  const chain = beginChainOf(meshId, owner, rfc3339(fixture.clock.now()));
  chain.add(owner, { kind: "admit", member: newMemberOf(meshId, newIdentity(), "bob"), role: "member" });
  const post = (entries: unknown) =>
    httpCall(portOf(fixture), "POST", `/v1/meshes/${meshId}/join`, { body: { entries } });
  assert.deepEqual(answered(await post(chain.entries.slice(0, 1))), [400, "membership_invalid"]);
  assert.deepEqual(answered(await post(chain.entries)), [404, "invite_unknown"]);
  assert.equal((await fixture.admin("GET", `/v1/meshes/${meshId}/membership`)).json["head"], null);
});

test("a body that is no entry is refused field by field, stores nothing and does not end the broker", async (context) => {
  const { fixture, chain, ownerLink, invite, post, joinOf } = await mesh(context);
  const key = await invite();
  const good = joinOf(key, newIdentity(), "bob");
  const { member, ...rest } = good as unknown as Record<string, unknown>;
  for (const [bad, code] of [
    [{}, "missing_field"],
    [{ entries: good }, "invalid_field"],
    [{ entries: [good], role: "owner" }, "unknown_field"],
    [{ entries: ["x"] }, "membership_invalid"],
    [{ entries: [rest] }, "membership_invalid"],
    [{ entries: [{ ...good, role: "owner" }] }, "membership_invalid"],
    [{ entries: [{ ...good, by: key.memberId.toUpperCase() }] }, "membership_invalid"],
    [{ entries: [{ ...good, member: { ...(member as object), name: "no name" } }] }, "membership_invalid"],
    [{ entries: [{ ...good, member: { ...(member as object), name: "ab".repeat(32) } }] }, "membership_invalid"],
    [{ entries: [{ ...good, kind: "conquer" }] }, "membership_newer"],
    [{ entries: Array.from({ length: 257 }, () => good) }, "invalid_field"],
  ] as const)
    assert.deepEqual(answered(await post(bad)), [400, code], JSON.stringify(bad).slice(0, 80));
  const { members } = await ownerLink.request<"members">({ type: "members" });
  assert.deepEqual(
    members.map(({ name }) => name),
    ["owner"],
  );
  assert.equal(
    (await fixture.admin("GET", `/v1/meshes/${fixture.meshId}/membership?after=${chain.state().n}`)).status,
    200,
  );
  assert.equal((await post({ entries: [good] })).status, 201, "nothing of that used the invite up");
});

test("the broker proves its key for the asker's nonce and its own addresses alone, and for nothing that could pass as a challenge", async (context) => {
  const fixture = await brokerFixture(context);
  const nonce = randomBytes(32).toString("base64url");
  const { port } = portOf(fixture);
  const { status, json } = await httpCall({ port }, "GET", `/v1/broker?nonce=${nonce}`);
  assert.equal(status, 200);
  const authority = `127.0.0.1:${port}`;
  const bytes = brokerProofBytes({
    nonce,
    brokerId: String(json["broker_id"]),
    serverTime: String(json["server_time"]),
    authority,
    certificatePrint: null,
  });
  const key = publicKeyFromHex(fixture.broker.deploymentPublicKey);
  assert.ok(verify(key, bytes, String(json["signature"])));
  const relayed = await httpCall({ port }, "GET", `/v1/broker?nonce=${nonce}`, { headers: { host: "evil.example" } });
  assert.deepEqual([relayed.status, relayed.json["code"]], [403, "host_forbidden"]);
  for (const query of ["", "?nonce=", "?nonce=short", `?nonce=${nonce}&nonce=${nonce}`, `?nonce=${nonce}%0a`])
    assert.equal((await httpCall({ port }, "GET", `/v1/broker${query}`)).status, 400, query);
});

test("the secret of an invite is nowhere at the broker: not in its files, not in its log", async (context) => {
  const { fixture, invite, post, read, readOf, joinOf } = await mesh(context);
  const key = await invite();
  await read(readOf(key));
  assert.equal((await post({ entries: [joinOf(key, newIdentity(), "bob")] })).status, 201);
  const seed = key.privateKey.export({ format: "der", type: "pkcs8" }).subarray(-32);
  const secrets = [seed.toString("hex"), seed.toString("base64url"), seed.toString("base64")];
  const kept = readdirSync(fixture.dataDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
  assert.ok(Buffer.concat(kept).includes(key.memberId), "the public one is");
  for (const bytes of kept) {
    assert.ok(!bytes.includes(seed));
    for (const secret of secrets) assert.ok(!bytes.includes(secret));
  }
  for (const secret of secrets) assert.ok(!JSON.stringify(fixture.logged).includes(secret));
});
