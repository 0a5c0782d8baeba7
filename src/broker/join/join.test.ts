import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { httpCall } from "../../http/http-call.fixture.ts";
import { type Admission, signAdmission } from "../../protocol/admission.ts";
import { newUuidV7 } from "../../protocol/ids.ts";
import {
  brokerProofBytes,
  privateKeyFromSeed,
  publicKeyFromHex,
  publicKeyHexOf,
  verify,
} from "../../protocol/signing.ts";
import { brokerFixture, type Fixture } from "../testing/fixture.ts";
import { type Identity, isType, newIdentity } from "../testing/peer.ts";

const day = 86_400_000;

/** A mesh whose owner is connected, and what it takes to join it. */
async function mesh(context: TestContext) {
  const fixture = await brokerFixture(context);
  const owner = await addMember(fixture, "owner", "owner");
  const peer = await fixture.connect(owner);
  const seed = randomBytes(32);
  const invite = (change: { expires_in_ms?: number; authority?: string } = {}) =>
    peer.request<"invite_create">({
      type: "invite_create",
      invite_id: publicKeyHexOf(privateKeyFromSeed(seed)),
      role: "member",
      uses: 1,
      expires_in_ms: day,
      authority: null,
      ...change,
    });
  const post = (admission: unknown, meshId = fixture.meshId) =>
    httpCall(portOf(fixture), "POST", `/v1/meshes/${meshId}/join`, { body: admission });
  const admission = (name: string, who: Identity = newIdentity(), with_: Uint8Array = seed): Admission =>
    signAdmission(
      { mesh_id: fixture.meshId, broker_key: fixture.broker.deploymentPublicKey },
      { inviteSeed: with_, memberId: who.memberId, memberKey: who.privateKey },
      { x25519_pubkey: "cd".repeat(32), name },
    );
  return { fixture, owner, peer, seed, invite, post, admission };
}

async function addMember(fixture: Fixture, name: string, role: string): Promise<Identity> {
  const identity = newIdentity();
  const path = `/v1/meshes/${fixture.meshId}/members`;
  assert.equal((await fixture.admin("POST", path, { member_id: identity.memberId, name, role })).status, 200);
  return identity;
}

function portOf(fixture: Fixture): { port: number } {
  return { port: Number(new URL(fixture.broker.url).port) };
}

test("who holds an invite becomes a member, everybody is told, and the same request again is answered alike", async (context) => {
  const { fixture, peer, invite, post, admission } = await mesh(context);
  await invite();
  const bob = newIdentity();
  const signed = admission("Bob", bob);
  const first = await post(signed);
  assert.deepEqual([first.status, first.json["name"], first.json["role"]], [201, "bob", "member"]);
  const told = await peer.next(isType("event"));
  assert.ok(told.event === "member_joined" && told.member.member_id === bob.memberId);
  const again = await post(signed);
  assert.deepEqual([again.status, again.json], [200, first.json]);
  assert.equal((await fixture.connect(bob)).ack.member.name, "bob");
  const { invites } = await peer.request<"invites">({ type: "invites" });
  assert.deepEqual([invites[0]?.state, invites[0]?.used], ["used", 1]);
});

test("an admission without the invite's or the member's signature, for another mesh, or taken from another broker is refused", async (context) => {
  const { fixture, invite, post, admission } = await mesh(context);
  await invite();
  const good = admission("bob");
  const place = { mesh_id: fixture.meshId, broker_key: "ab".repeat(32) };
  const keys = newIdentity();
  const elsewhere = signAdmission(
    place,
    { inviteSeed: randomBytes(32), memberId: keys.memberId, memberKey: keys.privateKey },
    { x25519_pubkey: "cd".repeat(32), name: "bob" },
  );
  for (const bad of [
    { ...good, name: "carol" },
    { ...good, member_id: newIdentity().memberId },
    { ...good, invite_signature: good.member_signature },
    { ...good, member_signature: "A".repeat(86) },
    elsewhere,
  ]) {
    const { status, json } = await post(bad);
    assert.deepEqual([status, json["code"]], [401, "auth_failed"]);
  }
  const stranger = await post(admission("bob", newIdentity(), randomBytes(32)));
  assert.deepEqual([stranger.status, stranger.json["code"]], [404, "invite_unknown"]);
  const other = await post(good, newUuidV7(1));
  assert.deepEqual([other.status, other.json["code"]], [401, "auth_failed"], "which meshes there are is not told");
  assert.equal((await post(good)).status, 201, "nothing of that used the invite up");
});

test("a body that is no admission is refused field by field, stores nothing and does not end the broker", async (context) => {
  const { invite, peer, post, admission } = await mesh(context);
  await invite();
  const good = admission("bob");
  for (const [bad, code] of [
    [{}, "missing_field"],
    [{ ...good, invite_id: good.invite_id.toUpperCase() }, "invalid_field"],
    [{ ...good, member_id: "x" }, "invalid_field"],
    [{ ...good, name: 7 }, "invalid_field"],
    [{ ...good, name: "x".repeat(65) }, "invalid_field"],
    [{ ...good, role: "owner" }, "unknown_field"],
    [{ ...good, member_signature: `${good.member_signature.slice(0, -1)}=` }, "invalid_field"],
    [[good], "invalid_field"],
  ] as const) {
    const { status, json } = await post(bad);
    assert.deepEqual([status, json["code"]], [400, code], JSON.stringify(bad).slice(0, 60));
  }
  const { members } = await peer.request<"members">({ type: "members" });
  assert.deepEqual(
    members.map(({ name }) => name),
    ["owner"],
  );
});

test("the broker's clock decides when an invite is over, and a name that is no name is refused though it is signed", async (context) => {
  const { fixture, invite, post, admission } = await mesh(context);
  await invite({ expires_in_ms: 1_000 });
  const named = await post(admission("no name"));
  assert.deepEqual([named.status, named.json["code"]], [400, "invalid_destination"]);
  fixture.clock.advance(1_000);
  const late = await post(admission("bob"));
  assert.deepEqual([late.status, late.json["code"]], [410, "invite_expired"]);
});

test("members and guests make no invites, admins none for owners; nobody sees them whose business they are not", async (context) => {
  const { fixture, peer, invite } = await mesh(context);
  const { invite: made } = await peer.request<"invite_create">({
    type: "invite_create",
    invite_id: "aa".repeat(32),
    role: "owner",
    uses: 2,
    expires_in_ms: day,
    authority: null,
  });
  assert.deepEqual([made.state, made.role, made.uses], ["open", "owner", 2]);
  for (const role of ["member", "guest"]) {
    const other = await fixture.connect(await addMember(fixture, role, role));
    for (const frame of [
      {
        type: "invite_create",
        invite_id: "bb".repeat(32),
        role: "guest",
        uses: 1,
        expires_in_ms: day,
        authority: null,
      },
      { type: "invites" },
      { type: "invite_revoke", invite_id: made.invite_id },
    ] as const)
      await assert.rejects(other.request(frame), /not_allowed/);
  }
  const admin = await fixture.connect(await addMember(fixture, "admin", "admin"));
  const asAdmin = {
    type: "invite_create",
    invite_id: "cc".repeat(32),
    uses: 1,
    expires_in_ms: day,
    authority: null,
  } as const;
  await assert.rejects(admin.request<"invite_create">({ ...asAdmin, role: "owner" }), /not_allowed/);
  assert.equal((await admin.request<"invite_create">({ ...asAdmin, role: "admin" })).invite.role, "admin");
  await assert.rejects(
    admin.request<"invite_revoke">({ type: "invite_revoke", invite_id: "dd".repeat(32) }),
    /invite_unknown/,
  );
  assert.equal(
    (await admin.request<"invite_revoke">({ type: "invite_revoke", invite_id: made.invite_id })).state,
    "revoked",
  );
  await assert.rejects(invite({ authority: "evil.example:1" }), /invalid_field/);
});

test("the broker proves its key for the asker's nonce and its own addresses alone, and for nothing that could pass as a challenge", async (context) => {
  const { fixture } = await mesh(context);
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
  const { fixture, seed, invite, post, admission } = await mesh(context);
  await invite();
  await post(admission("bob"));
  const secrets = [seed.toString("hex"), seed.toString("base64url"), seed.toString("base64")];
  const kept = readdirSync(fixture.dataDir)
    .filter((name) => !name.endsWith(".sock"))
    .map((name) => readFileSync(join(fixture.dataDir, name)));
  assert.ok(Buffer.concat(kept).includes(publicKeyHexOf(privateKeyFromSeed(seed))), "the public one is");
  for (const bytes of kept) {
    assert.ok(!bytes.includes(seed));
    for (const secret of secrets) assert.ok(!bytes.includes(secret));
  }
  for (const secret of secrets) assert.ok(!JSON.stringify(fixture.logged).includes(secret));
});

test("nobody joins under a name that reads as a member's id: it is how one is shown that has left", async (context) => {
  const { invite, post, admission } = await mesh(context);
  await invite();
  for (const name of ["ab".repeat(32), "AB".repeat(32)]) {
    const refused = await post(admission(name));
    assert.deepEqual([refused.status, refused.json["code"]], [400, "invalid_destination"]);
  }
  assert.equal((await post(admission("bob"))).status, 201);
});
