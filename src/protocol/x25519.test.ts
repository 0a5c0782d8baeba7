import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { publicKeyHexOf } from "./signing.ts";
import { isX25519PublicKey, x25519PrivateKey, x25519PublicKey, x25519PublicRaw } from "./x25519.ts";

test("a key that was generated can be a member's, and its raw form is read back", () => {
  for (let count = 0; count < 20; count += 1) {
    const { publicKey, privateKey } = generateKeyPairSync("x25519");
    const text = publicKeyHexOf(publicKey);
    assert.ok(isX25519PublicKey(text));
    assert.deepEqual(x25519PublicRaw(privateKey), Buffer.from(text, "hex"));
    assert.deepEqual(x25519PublicRaw(x25519PublicKey(Buffer.from(text, "hex"))), Buffer.from(text, "hex"));
  }
  const nine = x25519PublicRaw(x25519PrivateKey(Buffer.alloc(32, 9))).toString("hex");
  assert.ok(isX25519PublicKey(nine));
});

test("a point of small order, a second spelling of a point and other text cannot be a member's key", () => {
  const good = x25519PublicRaw(x25519PrivateKey(Buffer.alloc(32, 9)));
  const highBit = Buffer.from(good);
  highBit.writeUInt8(highBit.readUInt8(31) | 0x80, 31);
  const wrong = [
    "00".repeat(32),
    `01${"00".repeat(31)}`,
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    `ec${"ff".repeat(30)}7f`,
    // 2^255 − 19 + 9, which is the base point written a second time.
    `f6${"ff".repeat(30)}7f`,
    highBit.toString("hex"),
    good.toString("hex").toUpperCase(),
    good.toString("hex").slice(2),
    `${good.toString("hex")}00`,
    "",
  ];
  for (const text of wrong) assert.ok(!isX25519PublicKey(text), text);
  assert.ok(isX25519PublicKey(`09${"00".repeat(31)}`));
});
