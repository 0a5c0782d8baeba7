import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readEpochWrap } from "../../protocol/epoch.ts";
import { x25519PublicKey } from "./x25519.ts";
import { deriveKeyPair } from "./hpke.ts";
import { smallOrderPoints, withBitFlipped } from "./vectors.fixture.ts";
import { type EpochOfKey, epochId, newEpochKey, unwrapEpochKey, wrapBytes, wrapEpochKey } from "./wrap.ts";

const head = "f6".repeat(32);
const destination = "queue:builds";

test("a wrap opens to the epoch's key for its member and that member's key alone", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(), (seed, at) => {
      const { key, epoch, bob, bobOpens } = fixture(seed);
      const sealed = wrapEpochKey(key, epoch, bob);
      assert.equal(sealed.length, wrapBytes);
      assert.deepEqual(unwrapEpochKey(sealed, epoch, bobOpens), key);
      assert.equal(unwrapEpochKey(withBitFlipped(sealed, at), epoch, bobOpens), null);
      assert.equal(unwrapEpochKey(sealed.subarray(0, at % wrapBytes), epoch, bobOpens), null);
      const carol = deriveKeyPair(Buffer.from(seed).reverse());
      for (const change of [
        { memberId: "c3".repeat(32) },
        { key: carol.privateKey },
        { publicKey: carol.publicKeyRaw.toString("hex") },
      ])
        assert.equal(unwrapEpochKey(sealed, epoch, { ...bobOpens, ...change }), null, Object.keys(change).join());
    }),
    { numRuns: 40 },
  );
});

test("a wrap opens for its own epoch alone: not of another mesh, destination, parent or head", () => {
  const { key, epoch, bob, bobOpens } = fixture(Buffer.alloc(32, 1));
  const sealed = wrapEpochKey(key, epoch, bob);
  const changes: EpochOfKey = {
    mesh_id: "0190a6b2-8c4e-7d3a-9f10-2b4c6d8e0f13",
    destination: "queue:other",
    epoch_id: "ab".repeat(32),
    parent: "ab".repeat(32),
    membership_head: "ab".repeat(32),
  };
  for (const [field, value] of Object.entries(changes))
    assert.equal(unwrapEpochKey(sealed, { ...epoch, [field]: value }, bobOpens), null, field);
});

test("a wrap of another key than its epoch's id names gives nothing, though it is sealed as it should be", () => {
  const { epoch, bob, bobOpens } = fixture(Buffer.alloc(32, 2));
  assert.equal(unwrapEpochKey(wrapEpochKey(newEpochKey(), epoch, bob), epoch, bobOpens), null);
});

test("every wrap has an ephemeral key of its own, also two of the same key for the same member", () => {
  const { key, epoch, bob } = fixture(Buffer.alloc(32, 3));
  const keys = new Set([1, 2, 3].map(() => wrapEpochKey(key, epoch, bob).subarray(0, 32).toString("hex")));
  assert.equal(keys.size, 3);
});

test("a wrap has the form that a broker takes", () => {
  const { key, epoch, bob } = fixture(Buffer.alloc(32, 6));
  const wrap = {
    epoch_id: epoch.epoch_id,
    member_id: bob.memberId,
    sealed_to: bob.publicKey,
    sealed: wrapEpochKey(key, epoch, bob).toString("base64url"),
  };
  assert.deepEqual(readEpochWrap(wrap), wrap);
});

test("nothing is wrapped for a key that nothing can be sealed to", () => {
  const { key, epoch, bob } = fixture(Buffer.alloc(32, 4));
  for (const point of smallOrderPoints)
    assert.throws(
      () => wrapEpochKey(key, epoch, { ...bob, publicKey: point, key: x25519PublicKey(Buffer.from(point, "hex")) }),
      { code: "invalid_field" },
    );
});

test("an epoch's id is another for another key, parent, head or destination, and no field's end is the next one's start", () => {
  const key = Buffer.alloc(32, 5);
  const ids = [
    epochId(key, null, head, destination),
    epochId(withBitFlipped(key, 0), null, head, destination),
    epochId(key, head, head, destination),
    epochId(key, null, "f7".repeat(32), destination),
    epochId(key, null, head, "queue:build"),
    epochId(key, null, `${head}q`, "ueue:builds"),
  ];
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, /^[0-9a-f]{64}$/);
});

function fixture(seed: Uint8Array) {
  const key = newEpochKey();
  const parent = "e0".repeat(32);
  const epoch: EpochOfKey = {
    mesh_id: "0190a6b2-8c4e-7d3a-9f10-2b4c6d8e0f12",
    destination,
    epoch_id: epochId(key, parent, head, destination),
    parent,
    membership_head: head,
  };
  const pair = deriveKeyPair(seed);
  const whom = { memberId: "b2".repeat(32), publicKey: pair.publicKeyRaw.toString("hex") };
  return {
    key,
    epoch,
    bob: { ...whom, key: x25519PublicKey(pair.publicKeyRaw) },
    bobOpens: { ...whom, key: pair.privateKey },
  };
}
