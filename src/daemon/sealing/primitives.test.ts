import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { test } from "node:test";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import fc from "fast-check";
import { x25519PrivateKey, x25519PublicKey, x25519PublicRaw, x25519Secret } from "./x25519.ts";
import { openChaCha, sealChaCha } from "./chacha.ts";
import { hkdfExpand, hkdfExtract, noSalt } from "./hkdf.ts";
import { hex, primitives, withBitFlipped } from "./vectors.fixture.ts";
import { hchacha20, openXChaCha, sealXChaCha, xchachaOverheadBytes } from "./xchacha.ts";

test("RFC 7748: two keys agree on the published secret, and a private key has its published public half", () => {
  const { agreements, pairs } = primitives.x25519;
  assert.deepEqual([agreements.length, pairs.length], [4, 2]);
  for (const { private: own, public: other, secret } of agreements)
    assert.equal(x25519Secret(x25519PrivateKey(hex(own)), x25519PublicKey(hex(other)))?.toString("hex"), secret);
  for (const pair of pairs)
    assert.equal(x25519PublicRaw(x25519PrivateKey(hex(pair.private))).toString("hex"), pair.public);
});

test("a point of small order gives no secret", () => {
  const { agreements, small_order } = primitives.x25519;
  assert.equal(small_order.length, 7);
  for (const point of small_order)
    for (const { private: own } of agreements)
      assert.equal(x25519Secret(x25519PrivateKey(hex(own)), x25519PublicKey(hex(point))), null, point);
});

test("RFC 5869: extract and expand give the published bytes, with and without salt and info", () => {
  const { cases } = primitives.hkdf_sha256;
  assert.equal(cases.length, 3);
  for (const { ikm, salt, info, length, prk, okm } of cases) {
    const extracted = hkdfExtract(salt === "" ? noSalt : createSecretKey(hex(salt)), [hex(ikm)]);
    assert.equal(extracted.export().toString("hex"), prk);
    assert.equal(hkdfExpand(extracted, [hex(info)], length).toString("hex"), okm);
    const split = [hex(info.slice(0, 8)), hex(info.slice(8))];
    assert.equal(hkdfExpand(hkdfExtract(createSecretKey(hex(salt)), [hex(ikm)]), split, length).toString("hex"), okm);
  }
});

test("RFC 8439: ChaCha20-Poly1305 gives the published bytes and takes them alone", () => {
  const { key, nonce, aad, pt, ct } = primitives.chacha20_poly1305;
  const secret = createSecretKey(hex(key));
  assert.equal(
    sealChaCha(secret, hex(nonce), hex(aad), hex(pt), Buffer.from("prefix")).toString("latin1").slice(0, 6),
    "prefix",
  );
  assert.equal(sealChaCha(secret, hex(nonce), hex(aad), hex(pt), Buffer.alloc(0)).toString("hex"), ct);
  assert.deepEqual(openChaCha(secret, hex(nonce), hex(aad), hex(ct)), hex(pt));
  for (let length = 0; length < hex(ct).length; length += 1)
    assert.equal(openChaCha(secret, hex(nonce), hex(aad), hex(ct).subarray(0, length)), null);
});

test("the XChaCha draft: HChaCha20 and XChaCha20-Poly1305 give the published bytes", () => {
  const { hchacha20: short, xchacha20_poly1305: whole } = primitives;
  assert.equal(hchacha20(hex(short.key), hex(short.nonce)).toString("hex"), short.out);
  const sealed = sealXChaCha(hex(whole.key), hex(whole.nonce), hex(whole.aad), hex(whole.pt));
  assert.equal(sealed.toString("hex"), whole.nonce + whole.ct);
  assert.deepEqual(openXChaCha(hex(whole.key), hex(whole.aad), sealed), hex(whole.pt));
});

test("XChaCha20-Poly1305 is the library's own, byte for byte, and opens with its key and associated data alone", () => {
  const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });
  fc.assert(
    fc.property(bytes(32, 32), bytes(24, 24), bytes(0, 80), bytes(0, 300), fc.nat(), (key, nonce, aad, plain, at) => {
      const sealed = sealXChaCha(key, nonce, aad, plain);
      assert.deepEqual(sealed, Buffer.concat([nonce, xchacha20poly1305(key, nonce, aad).encrypt(plain)]));
      assert.equal(sealed.length, plain.length + xchachaOverheadBytes);
      assert.deepEqual(openXChaCha(key, aad, sealed), Buffer.from(plain));
      assert.equal(openXChaCha(key, aad, withBitFlipped(sealed, at)), null);
      assert.equal(openXChaCha(key, aad, sealed.subarray(0, at % sealed.length)), null);
      assert.equal(openXChaCha(withBitFlipped(key, at), aad, sealed), null);
      assert.equal(openXChaCha(key, Buffer.concat([aad, Buffer.alloc(1)]), sealed), null);
    }),
    { numRuns: 200 },
  );
});
