import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { x25519PrivateKey, x25519PublicKey, x25519PublicRaw } from "./x25519.ts";
import { openChaCha, sealChaCha } from "./chacha.ts";
import { deriveKeyPair, hpkeInfo, hpkeOverheadBytes, keySchedule, openBase, sealBase, sharedSecret } from "./hpke.ts";
import { hex, hpkeVector, smallOrderPoints, withBitFlipped } from "./vectors.fixture.ts";

const { setup, encryptions } = hpkeVector;
const first = encryptions[0];
const info = hpkeInfo(hex(setup.info));

test("RFC 9180 A.2.1: both key pairs are derived from their ikm, to the byte", () => {
  for (const [ikm, secret, public_] of [
    [setup.ikmE, setup.skEm, setup.pkEm],
    [setup.ikmR, setup.skRm, setup.pkRm],
  ] as const) {
    const derived = deriveKeyPair(hex(ikm));
    assert.equal(derived.publicKeyRaw.toString("hex"), public_);
    assert.deepEqual(derived.privateKey.export({ format: "jwk" }).d, hex(secret).toString("base64url"));
  }
});

test("RFC 9180 A.2.1: the shared secret, the key schedule and its key and nonce, on both sides", () => {
  assert.equal(info.keyScheduleContext.toString("hex"), setup.key_schedule_context);
  const enc = hex(setup.enc);
  const recipientRaw = hex(setup.pkRm);
  for (const shared of [
    sharedSecret(x25519PrivateKey(hex(setup.skEm)), x25519PublicKey(recipientRaw), enc, recipientRaw),
    sharedSecret(x25519PrivateKey(hex(setup.skRm)), x25519PublicKey(enc), enc, recipientRaw),
  ]) {
    assert.ok(shared !== null);
    assert.equal(shared.export().toString("hex"), setup.shared_secret);
    const { key, baseNonce } = keySchedule(shared, info);
    assert.deepEqual([key.export().toString("hex"), baseNonce.toString("hex")], [setup.key, setup.base_nonce]);
  }
});

test("RFC 9180 A.2.1.1: the first message of the vector is sealed and opened, to the byte", () => {
  assert.equal(first.sequence_number, 0);
  const sealed = sealBase({
    recipient: x25519PublicKey(hex(setup.pkRm)),
    ephemeral: deriveKeyPair(hex(setup.ikmE)),
    info,
    aad: hex(first.aad),
    plaintext: hex(first.pt),
  });
  assert.equal(sealed.toString("hex"), setup.enc + first.ct);
  assert.deepEqual(open(sealed), hex(first.pt));
});

test("RFC 9180 A.2.1.1: the messages of later sequence numbers open with the vector's key, under its nonces", () => {
  assert.equal(encryptions.length, 6);
  const shared = sharedSecret(
    x25519PrivateKey(hex(setup.skRm)),
    x25519PublicKey(hex(setup.enc)),
    hex(setup.enc),
    hex(setup.pkRm),
  );
  assert.ok(shared !== null);
  const { key } = keySchedule(shared, info);
  for (const { nonce, aad, pt, ct } of encryptions) {
    assert.equal(sealChaCha(key, hex(nonce), hex(aad), hex(pt), Buffer.alloc(0)).toString("hex"), ct);
    assert.deepEqual(openChaCha(key, hex(nonce), hex(aad), hex(ct)), hex(pt));
  }
});

test("what was sealed opens for its recipient, info and associated data alone, and adds the bytes that it says", () => {
  const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });
  fc.assert(
    fc.property(bytes(32, 32), bytes(32, 40), bytes(0, 80), bytes(0, 200), fc.nat(), (owner, ikm, aad, plain, at) => {
      const recipient = deriveKeyPair(owner);
      const parts = {
        recipient: x25519PublicKey(recipient.publicKeyRaw),
        ephemeral: deriveKeyPair(ikm),
        info,
        aad,
        plaintext: plain,
      };
      const sealed = sealBase(parts);
      assert.equal(sealed.length, plain.length + hpkeOverheadBytes);
      const opening = {
        recipientKey: recipient.privateKey,
        recipientPublicRaw: recipient.publicKeyRaw,
        info,
        aad,
        sealed,
      };
      assert.deepEqual(openBase(opening), Buffer.from(plain));
      assert.deepEqual(sealBase(parts), sealed);
      const other = deriveKeyPair(Buffer.concat([owner, ikm]));
      const wrong = [
        { sealed: withBitFlipped(sealed, at) },
        { sealed: sealed.subarray(0, at % sealed.length) },
        { sealed: Buffer.concat([sealed, Buffer.alloc(1)]) },
        { aad: Buffer.concat([aad, Buffer.alloc(1)]) },
        { info: hpkeInfo(Buffer.from("another")) },
        { recipientKey: other.privateKey },
        { recipientPublicRaw: other.publicKeyRaw },
      ];
      for (const change of wrong) assert.equal(openBase({ ...opening, ...change }), null);
    }),
    { numRuns: 100 },
  );
});

test("bytes that nobody sealed open as nothing, whatever their length", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (sealed) => {
      assert.equal(open(sealed), null);
    }),
    { numRuns: 300 },
  );
});

test("a point of small order is nobody's key: nothing is sealed to it, and nothing from it opens", () => {
  for (const point of smallOrderPoints) {
    const recipient = x25519PublicKey(hex(point));
    const ephemeral = deriveKeyPair(hex(setup.ikmE));
    assert.throws(
      () => sealBase({ recipient, ephemeral, info, aad: hex(first.aad), plaintext: hex(first.pt) }),
      { code: "invalid_field" },
      point,
    );
    assert.equal(open(Buffer.concat([hex(point), hex(first.ct)])), null);
  }
});

test("the public half of a private key is the one that it was derived with", () => {
  const pair = deriveKeyPair(hex(setup.ikmR));
  assert.deepEqual(x25519PublicRaw(pair.privateKey), pair.publicKeyRaw);
});

function open(sealed: Uint8Array): Buffer | null {
  return openBase({
    recipientKey: x25519PrivateKey(hex(setup.skRm)),
    recipientPublicRaw: hex(setup.pkRm),
    info,
    aad: hex(first.aad),
    sealed,
  });
}
