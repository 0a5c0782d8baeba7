import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { type Envelope, sealOverheadBytes } from "../../protocol/envelope.ts";
import { anyEnvelope } from "../../protocol/envelope.fixture.ts";
import { x25519PublicKey } from "./x25519.ts";
import { associatedData, type BoundHeader } from "./header.ts";
import { deriveKeyPair } from "./hpke.ts";
import { openDirect, openEpoch } from "./open-body.ts";
import { sealDirect, sealToEpoch } from "./seal-body.ts";
import { withBitFlipped } from "./vectors.fixture.ts";

const runs = { numRuns: 60 };
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const cases = fc.record({
  header: anyEnvelope,
  other: anyEnvelope,
  plaintext: fc.uint8Array({ maxLength: 300 }),
  secret: bytes(32),
  key: bytes(32),
  at: fc.nat(),
});

/** Both algorithms as one: seal under a key of 32 bytes, and open with one. */
interface Sealing {
  readonly algorithm: "hpke-v1" | "epoch-v1";
  seal(header: Envelope, plaintext: Uint8Array, secret: Uint8Array, key: Uint8Array): Buffer;
  sealedTo(key: Uint8Array): string;
  open(header: BoundHeader, sealed: Uint8Array, key: Uint8Array): Buffer | null;
}

const direct: Sealing = {
  algorithm: "hpke-v1",
  seal: (header, plaintext, secret, key) =>
    sealDirect({
      header,
      plaintext,
      secret: createSecretKey(secret),
      recipient: { publicKey: direct.sealedTo(key), key: x25519PublicKey(deriveKeyPair(key).publicKeyRaw) },
    }),
  sealedTo: (key) => deriveKeyPair(key).publicKeyRaw.toString("hex"),
  open: (header, sealed, key) =>
    openDirect({
      header,
      sealed,
      recipient: { publicKey: direct.sealedTo(key), key: deriveKeyPair(key).privateKey },
    }),
};
const toEpoch: Sealing = {
  algorithm: "epoch-v1",
  seal: (header, plaintext, secret, key) =>
    sealToEpoch({ header, plaintext, secret: createSecretKey(secret), epoch: { id: toEpoch.sealedTo(key), key } }),
  sealedTo: (key) => Buffer.from(key).reverse().toString("hex"),
  open: (header, sealed, key) => openEpoch({ header, sealed, epoch: { id: toEpoch.sealedTo(key), key } }),
};

const headerFields = [
  "mesh_id",
  "version",
  "destination_kind",
  "destination_ref",
  "sender",
  "client_message_id",
  "reply_to",
  "supersedes",
  "priority",
  "meta",
  "mentions",
  "content_type",
] as const;

for (const sealing of [direct, toEpoch]) {
  const { algorithm } = sealing;
  const sealedHeader = (header: Envelope, key: Uint8Array): BoundHeader => ({
    ...header,
    algorithm,
    sealed_to: sealing.sealedTo(key),
  });

  test(`${algorithm}: what was sealed opens to the same bytes, adds what its limit says, and is the same on every try`, () => {
    fc.assert(
      fc.property(cases, ({ header, plaintext, secret, key }) => {
        const sealed = sealing.seal(header, plaintext, secret, key);
        assert.equal(sealed.length, plaintext.length + sealOverheadBytes[algorithm]);
        assert.deepEqual(sealing.open(sealedHeader(header, key), sealed, key), Buffer.from(plaintext));
        assert.deepEqual(sealing.seal(structuredClone(header), Uint8Array.from(plaintext), secret, key), sealed);
      }),
      runs,
    );
  });

  test(`${algorithm}: a body with any bit flipped, cut short or made longer opens as nothing`, () => {
    fc.assert(
      fc.property(cases, ({ header, plaintext, secret, key, at }) => {
        const sealed = sealing.seal(header, plaintext, secret, key);
        const bound = sealedHeader(header, key);
        for (const wrong of [
          withBitFlipped(sealed, at),
          sealed.subarray(0, at % sealed.length),
          Buffer.concat([sealed, Buffer.alloc(1)]),
        ])
          assert.equal(sealing.open(bound, wrong, key), null);
      }),
      runs,
    );
  });

  test(`${algorithm}: a body opens under no other header, whichever field differs`, () => {
    fc.assert(
      fc.property(cases, ({ header, other, plaintext, secret, key }) => {
        const sealed = sealing.seal(header, plaintext, secret, key);
        const bound = sealedHeader(header, key);
        for (const field of headerFields) {
          if (JSON.stringify(header[field]) === JSON.stringify(other[field])) continue;
          assert.equal(sealing.open({ ...bound, [field]: other[field] }, sealed, key), null, field);
        }
        for (const change of [
          { algorithm: "none" },
          { algorithm: algorithm === "hpke-v1" ? "epoch-v1" : "hpke-v1" },
          { sealed_to: null },
          { sealed_to: "ab".repeat(32) },
        ] as const)
          assert.equal(sealing.open({ ...bound, ...change }, sealed, key), null, JSON.stringify(change));
      }),
      runs,
    );
  });

  test(`${algorithm}: another key opens nothing, also where it claims to be the one that was sealed to`, () => {
    fc.assert(
      fc.property(cases, ({ header, plaintext, secret, key, at }) => {
        const sealed = sealing.seal(header, plaintext, secret, key);
        const bound = sealedHeader(header, key);
        const wrong = withBitFlipped(key, at);
        assert.equal(sealing.open(bound, sealed, wrong), null);
        assert.equal(sealing.open({ ...bound, sealed_to: sealing.sealedTo(wrong) }, sealed, wrong), null);
        const claimed = { publicKey: sealing.sealedTo(key), key: deriveKeyPair(wrong).privateKey };
        assert.equal(openDirect({ header: bound, sealed, recipient: claimed }), null);
        assert.equal(openEpoch({ header: bound, sealed, epoch: { id: sealing.sealedTo(key), key: wrong } }), null);
      }),
      runs,
    );
  });

  test(`${algorithm}: no two different sends share an ephemeral key or a nonce`, () => {
    fc.assert(
      fc.property(cases, ({ header, other, plaintext, secret, key, at }) => {
        const drawn = (...send: Parameters<Sealing["seal"]>) =>
          sealing
            .seal(...send)
            .subarray(0, algorithm === "hpke-v1" ? 32 : 24)
            .toString("hex");
        const others = headerFields
          .filter((field) => JSON.stringify(header[field]) !== JSON.stringify(other[field]))
          .map((field) => drawn({ ...header, [field]: other[field] }, plaintext, secret, key));
        const all = [
          drawn(header, plaintext, secret, key),
          drawn(header, Buffer.concat([plaintext, Buffer.alloc(1)]), secret, key),
          drawn(header, plaintext, withBitFlipped(secret, at), key),
          drawn(header, plaintext, secret, withBitFlipped(key, at)),
          ...others,
        ];
        assert.equal(new Set(all).size, all.length);
      }),
      { numRuns: 30 },
    );
  });
}

test("the associated data differ for every two headers that differ, and nothing moves from one field into the next", () => {
  fc.assert(
    fc.property(anyEnvelope, anyEnvelope, (header, other) => {
      const own = associatedData(header);
      for (const field of [...headerFields, "algorithm", "sealed_to"] as const) {
        const same = JSON.stringify(header[field]) === JSON.stringify(other[field]);
        assert.equal(associatedData({ ...header, [field]: other[field] }).equals(own), same, field);
      }
    }),
    { numRuns: 200 },
  );
  const shifted = (destination_ref: string, sender: string) => associatedData({ ...bare, destination_ref, sender });
  assert.notDeepEqual(shifted("ab", "c"), shifted("a", "bc"));
});

const bare: BoundHeader = {
  mesh_id: "m",
  version: 2,
  destination_kind: "topic",
  destination_ref: "",
  sender: "",
  client_message_id: "i",
  reply_to: null,
  supersedes: null,
  priority: "next",
  meta: "",
  mentions: [],
  content_type: "t",
  algorithm: "epoch-v1",
  sealed_to: null,
};
