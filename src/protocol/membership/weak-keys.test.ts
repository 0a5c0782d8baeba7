import assert from "node:assert/strict";
import { createPublicKey, diffieHellman, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { refusal } from "../refusal.fixture.ts";
import { newMember, person, rotated, testChain, x25519Hex } from "./chain.fixture.ts";
import { entryText, signatureHolds } from "./entry.ts";
import { readEntry } from "./read-entry.ts";
import { isWeakX25519 } from "./weak-keys.ts";

const p = 2n ** 255n - 19n;
const upperBit = 2n ** 255n;

function littleEndian(value: bigint): string {
  return Buffer.from(value.toString(16).padStart(64, "0"), "hex").reverse().toString("hex");
}

test("nothing can be agreed with exactly those x25519 keys that count as weak", () => {
  const own = generateKeyPairSync("x25519").privateKey;
  const agrees = (hex: string) => {
    const der = Buffer.from(`302a300506032b656e032100${hex}`, "hex");
    try {
      diffieHellman({ privateKey: own, publicKey: createPublicKey({ key: der, format: "der", type: "spki" }) });
      return true;
    } catch {
      return false;
    }
  };
  const order8 = [
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  ].map((hex) => BigInt(`0x${Buffer.from(hex, "hex").reverse().toString("hex")}`));
  const small = Array.from({ length: 24 }, (_, value) => BigInt(value));
  const around = small.map((value) => p - 5n + value).filter((value) => value < upperBit);
  const values = [...small, ...around, ...order8].flatMap((value) => [value, value + upperBit]).map(littleEndian);
  for (const hex of [...values, x25519Hex()]) assert.equal(isWeakX25519(hex), !agrees(hex), hex);
  assert.equal(values.filter(isWeakX25519).length, 14);
});

test("an entry that brings an x25519 key to which nothing can be sealed is not read", () => {
  const chain = testChain();
  const mia = chain.admit("mia", "member");
  const zoe = { ...person("zoe"), x25519: "00".repeat(32) };
  const { keys } = rotated(chain.meshId, mia);
  for (const content of [
    { kind: "admit", role: "guest", member: newMember(chain.meshId, zoe) },
    { kind: "join", member: newMember(chain.meshId, zoe) },
    { kind: "rotate", keys: { ...keys, x25519_pubkey: `01${"00".repeat(30)}80` } },
  ] as const) {
    const entry = JSON.parse(entryText(chain.next(content, chain.owner)));
    assert.equal(
      refusal(() => readEntry(entry)),
      "membership_invalid",
      JSON.stringify(content),
    );
  }
});

test("no signature holds under an ed25519 point of small order, where anybody could make one", () => {
  const order8 = [
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  ];
  // R the base point and S one: it holds under the neutral element, and under the others for one message in eight.
  const forged = Buffer.concat([Buffer.from(`58${"66".repeat(31)}01`, "hex"), Buffer.alloc(31)]).toString("base64url");
  for (const hex of [...[0n, 1n, p - 1n, p, p + 1n].map(littleEndian), ...order8])
    for (let message = 0; message < 64; message += 1)
      assert.equal(signatureHolds(hex, Buffer.from([message]), forged), false, hex);
});
