import assert from "node:assert/strict";
import { createPublicKey, hash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { aliceKey, anyEnvelope, plainEnvelope, signedEnvelope } from "./envelope.fixture.ts";
import type { Envelope } from "./envelope.ts";
import { bodyHash, envelopeFingerprint } from "./fingerprint.ts";
import type { HelloFrame, Position, ReceiptItem } from "./frames.ts";
import { lengthPrefixed } from "./length-prefixed.ts";
import {
  challengeBytes,
  envelopeSignatureHolds,
  helloBytes,
  positionBytes,
  privateKeyFromSeed,
  publicKeyFromHex,
  receiptBytes,
  sign,
  signedEnvelopeBytes,
  verify,
} from "./signing.ts";

/** RFC 8032 §7.1: tests 1, 2, 3 and SHA(abc). */
const rfc8032 = [
  {
    seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    key: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    message: "",
    signature:
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  },
  {
    seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    key: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    message: "72",
    signature:
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  },
  {
    seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    key: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    message: "af82",
    signature:
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  },
  {
    seed: "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
    key: "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
    message: hash("sha512", "abc", "hex"),
    signature:
      "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
  },
];

test("keys and signatures are those of RFC 8032", () => {
  for (const vector of rfc8032) {
    const privateKey = privateKeyFromSeed(Buffer.from(vector.seed, "hex"));
    const message = Buffer.from(vector.message, "hex");
    const signature = Buffer.from(vector.signature, "hex").toString("base64url");
    assert.equal(sign(privateKey, message), signature);
    assert.ok(verify(publicKeyFromHex(vector.key), message, signature));
    assert.equal(verify(publicKeyFromHex(vector.key), Buffer.concat([message, Buffer.from("x")]), signature), false);
  }
});

test("a signature has one spelling, and whatever else is given is false and not an error", () => {
  const key = createPublicKey(aliceKey);
  const bytes = Buffer.from("signed");
  const good = sign(aliceKey, bytes);
  assert.match(good, /^[A-Za-z0-9_-]{86}$/);
  assert.ok(verify(key, bytes, good));
  const lastChanged = `${good.slice(0, 85)}${String.fromCharCode(good.charCodeAt(85) + 1)}`;
  for (const text of [
    "",
    "x",
    good.slice(1),
    good.slice(0, 85),
    `${good}==`,
    `${good}\n`,
    ` ${good}`,
    lastChanged,
    `${good.slice(0, 40)}*${good.slice(40)}`,
    Buffer.alloc(64).toString("base64url"),
    Buffer.alloc(64, 255).toString("base64url"),
  ]) {
    assert.equal(verify(key, bytes, text), false, JSON.stringify(text));
  }
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => assert.equal(verify(key, bytes, text), false)));
});

const otherValue: { readonly [F in keyof Envelope]: Envelope[F] } = {
  version: 1,
  mesh_id: "0190a6b2-8c4e-7d3a-9f10-2b4c6d8e0f13",
  sender: "0".repeat(64),
  key_id: "0".repeat(64),
  client_message_id: "a1a1a1a1a1a1a1a1:build-43",
  destination_kind: "topic",
  destination_ref: "b2".repeat(32),
  reply_to: null,
  supersedes: null,
  priority: "next",
  meta: "",
  mentions: ["b2".repeat(32)],
  content_type: "text/html",
  algorithm: "hpke-v1",
  sealed_to: "d4".repeat(32),
  body: "",
  request_fingerprint: "0".repeat(64),
  membership_head: null,
  signature: "",
  sent_at: "2026-01-02T03:04:05.679Z",
};

test("an envelope's signature covers every field but itself, the version and the fingerprint, which are recomputed", () => {
  const outside = ["version", "request_fingerprint", "signature"];
  const base = toSign(plainEnvelope);
  for (const field of Object.keys(otherValue) as (keyof Envelope)[]) {
    const changed = toSign({ ...plainEnvelope, [field]: otherValue[field] });
    assert.equal(changed.equals(base), outside.includes(field), field);
  }
});

test("a signed envelope holds; with any covered field changed, another body or another key it does not", () => {
  const key = createPublicKey(aliceKey);
  const holds = (envelope: Envelope) => envelopeSignatureHolds(envelope, Buffer.from(envelope.body, "base64url"), key);
  const signed = signedEnvelope(plainEnvelope);
  assert.ok(holds(signed));
  for (const field of Object.keys(otherValue) as (keyof Envelope)[]) {
    if (field === "version" || field === "request_fingerprint") continue;
    assert.equal(holds({ ...signed, [field]: otherValue[field] }), false, field);
  }
  assert.equal(envelopeSignatureHolds(signed, Buffer.from("other"), key), false);
  const mallory = createPublicKey(privateKeyFromSeed(bodyHash(Buffer.from("mallory"))));
  assert.equal(envelopeSignatureHolds(signed, Buffer.from("hello"), mallory), false);
});

test("two envelopes that differ in what is covered never share the signed bytes", () => {
  const normal = ({ version: _1, request_fingerprint: _2, signature: _3, ...covered }: Envelope) =>
    JSON.stringify(Object.entries(covered).sort());
  fc.assert(
    fc.property(
      anyEnvelope,
      anyEnvelope,
      fc.constantFrom(...(Object.keys(plainEnvelope) as (keyof Envelope)[])),
      (one, other, field) => {
        const mixed = { ...one, [field]: other[field] };
        assert.equal(toSign(one).equals(toSign(mixed)), normal(one) === normal(mixed), field);
      },
    ),
    { numRuns: 500 },
  );
});

const receiptItem: ReceiptItem = { client_message_id: "c", request_fingerprint: "d", state: "delivered", at: "e" };
const receiptGroup = { to: "a", from: "b", items: [receiptItem, receiptItem] };
const position: Position = { epoch: 3, seq: 9, broker_message_id: "m", incarnation: "i", mac: "x" };
const hello: HelloFrame = {
  type: "hello",
  mesh_id: "mesh",
  member_id: "a1".repeat(32),
  key_id: "a1".repeat(32),
  instance_id: "now",
  previous_instance_id: "before",
  position,
  earlier_positions: [{ ...position, seq: 4 }],
  agents: ["reviewer"],
  client: { name: "claudemesh", version: "0.1.0" },
  host_print: "print",
  certificate_print: "cd".repeat(32),
  features: { require: { a: { versions: [1] } }, optional: { b: { versions: [1, 2] } } },
  signature: "s",
};

test("a hello's signature covers every leaf of it, known or not, but itself", () => {
  const bytes = (frame: object) => helloBytes(frame as HelloFrame, "n", "b", "h").toString("hex");
  const base = bytes(hello);
  assert.equal(bytes({ ...hello, signature: "other" }), base);
  const seen = new Set([base]);
  const leaves = pathsOf(hello).filter((path) => path[0] !== "signature");
  assert.ok(leaves.length >= 20);
  for (const path of leaves) {
    const changed = bytes(replaced(hello, path) as object);
    assert.ok(!seen.has(changed), path.join("."));
    seen.add(changed);
  }
  for (const field of Object.keys(hello).filter((name) => name !== "signature")) {
    const { [field]: _, ...without } = hello as unknown as Record<string, unknown>;
    assert.notEqual(bytes(without), base, field);
  }
  assert.notEqual(bytes({ ...hello, of_a_newer_daemon: true }), base);
});

test("a hello is signed for one challenge, one broker and one dialled authority", () => {
  const base = helloBytes(hello, "nonce", "broker", "host:443");
  const others = [
    ["nonce2", "broker", "host:443"],
    ["nonce", "broker2", "host:443"],
    ["nonce", "broker", "relay:443"],
    ["nonceb", "roker", "host:443"],
    ["nonce", "brokerh", "ost:443"],
    ["", "noncebroker", "host:443"],
  ];
  for (const [nonce = "", brokerId = "", authority = ""] of others) {
    assert.notDeepEqual(helloBytes(hello, nonce, brokerId, authority), base);
  }
});

test("the order of a hello's members and what JSON does to it on the way change nothing", () => {
  const turned = Object.fromEntries(Object.entries(hello).reverse()) as unknown as HelloFrame;
  assert.deepEqual(helloBytes(JSON.parse(JSON.stringify(turned)), "n", "b", "h"), helloBytes(hello, "n", "b", "h"));
});

test("challenge, position and receipt are signed in every field, a position for one mesh", () => {
  const challenge = ["nonce", "broker", "2026-01-02T03:04:05.678Z"] as const;
  const distinct = new Set([challengeBytes(...challenge).toString("hex")]);
  distinct.add(challengeBytes("", "nonce", "broker").toString("hex"));
  for (const index of [0, 1, 2]) {
    const [nonce = "", brokerId = "", time = ""] = challenge.map((text, at) => (at === index ? `${text}x` : text));
    distinct.add(challengeBytes(nonce, brokerId, time).toString("hex"));
  }
  assert.equal(distinct.size, 5);

  const { mac: _, ...place } = position;
  const places = [
    place,
    { ...place, epoch: 4 },
    { ...place, seq: 10 },
    { ...place, broker_message_id: "n" },
    { ...place, incarnation: "j" },
    { ...place, epoch: 39, seq: 9 },
    { ...place, epoch: 3, seq: 99 },
  ];
  assert.equal(
    new Set([
      ...places.map((each) => positionBytes(each, "mesh").toString("hex")),
      positionBytes(place, "mesh2").toString("hex"),
    ]).size,
    8,
  );

  const groups = [
    receiptGroup,
    { ...receiptGroup, to: "z" },
    { ...receiptGroup, from: "z" },
    { ...receiptGroup, items: [receiptItem] },
    ...Object.keys(receiptItem).map((field) => ({
      ...receiptGroup,
      items: [receiptItem, { ...receiptItem, [field]: "z" } as ReceiptItem],
    })),
  ];
  assert.equal(
    new Set([
      ...groups.map((each) => receiptBytes(each, "mesh").toString("hex")),
      receiptBytes(receiptGroup, "mesh2").toString("hex"),
    ]).size,
    9,
  );
});

test("what is signed for one purpose is no signature for another, and no two field lists share an encoding", () => {
  const tags = [
    challengeBytes("", "", ""),
    positionBytes(position, ""),
    receiptBytes(receiptGroup, ""),
    helloBytes(hello, "", "", ""),
    toSign(plainEnvelope),
  ];
  assert.equal(new Set(tags.map((bytes) => bytes.subarray(0, bytes.indexOf(0)).toString("ascii"))).size, 5);
  const texts = fc.array(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 4 }),
      fc.constantFrom("", "\u0000", "\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0001a"),
    ),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(texts, texts, (one, other) => {
      const tag = Buffer.from("t");
      assert.equal(
        lengthPrefixed(tag, one).equals(lengthPrefixed(tag, other)),
        JSON.stringify(one) === JSON.stringify(other),
      );
      assert.deepEqual(
        lengthPrefixed(tag, one),
        lengthPrefixed(
          tag,
          one.map((text) => Buffer.from(text)),
        ),
      );
    }),
    { numRuns: 1_000 },
  );
});

function toSign(envelope: Envelope): Buffer {
  return signedEnvelopeBytes(envelope, envelopeFingerprint(envelope, Buffer.from(envelope.body, "base64url"), 2));
}

/** Paths to every leaf. */
function pathsOf(value: unknown): string[][] {
  if (typeof value !== "object" || value === null) return [[]];
  return Object.entries(value).flatMap(([key, item]) => pathsOf(item).map((path) => [key, ...path]));
}

/** A copy in which the leaf at `path` is another value of its type. */
function replaced(value: unknown, path: readonly string[]): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return typeof value === "number" ? value + 100 : `${String(value)}!`;
  if (Array.isArray(value)) return value.map((item, index) => (String(index) === key ? replaced(item, rest) : item));
  const members = value as Record<string, unknown>;
  return { ...members, [key]: replaced(members[key], rest) };
}
