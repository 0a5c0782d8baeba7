import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { admissionHolds, signAdmission } from "./admission.ts";
import { privateKeyFromSeed, publicKeyHexOf } from "./signing.ts";

const place = { mesh_id: "0198f0a0-0000-7000-8000-000000000001", broker_key: "ab".repeat(32) };
const inviteSeed = randomBytes(32);
const memberKey = privateKeyFromSeed(randomBytes(32));
const memberId = publicKeyHexOf(memberKey);
const admission = signAdmission(
  place,
  { inviteSeed, memberId, memberKey },
  { x25519_pubkey: "cd".repeat(32), name: "bob" },
);

test("an admission holds for its mesh and broker, and names the invite by its public key", () => {
  assert.ok(admissionHolds(place, admission));
  assert.equal(admission.invite_id, publicKeyHexOf(privateKeyFromSeed(inviteSeed)));
});

test("at another mesh or broker, with any field changed or a signature missing, it does not", () => {
  assert.ok(!admissionHolds({ ...place, mesh_id: place.mesh_id.replace("1", "2") }, admission));
  assert.ok(!admissionHolds({ ...place, broker_key: "cd".repeat(32) }, admission));
  for (const change of [
    { name: "carol" },
    { x25519_pubkey: "ef".repeat(32) },
    { member_id: publicKeyHexOf(privateKeyFromSeed(randomBytes(32))) },
    { invite_id: publicKeyHexOf(privateKeyFromSeed(randomBytes(32))) },
    { invite_id: "ff".repeat(32) },
    { invite_signature: admission.member_signature },
    { member_signature: admission.invite_signature },
    { invite_signature: "" },
    { member_signature: "x" },
  ])
    assert.ok(!admissionHolds(place, { ...admission, ...change }), JSON.stringify(change).slice(0, 60));
});

test("who holds no invite cannot sign one, and nobody can be signed up under another's id", () => {
  const forged = signAdmission(
    place,
    { inviteSeed: randomBytes(32), memberId, memberKey },
    { x25519_pubkey: "cd".repeat(32), name: "bob" },
  );
  assert.ok(!admissionHolds(place, { ...forged, invite_id: admission.invite_id }));
  const stranger = privateKeyFromSeed(randomBytes(32));
  const taken = signAdmission(
    place,
    { inviteSeed, memberId, memberKey: stranger },
    { x25519_pubkey: "cd".repeat(32), name: "bob" },
  );
  assert.ok(!admissionHolds(place, taken));
});
