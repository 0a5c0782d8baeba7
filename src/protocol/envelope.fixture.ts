import fc from "fast-check";
import { type Algorithm, type Envelope, sealOverheadBytes } from "./envelope.ts";
import { bodyHash, envelopeFingerprint } from "./fingerprint.ts";
import { sortedUnique } from "./fingerprint-parts.ts";
import { newUuidV7 } from "./ids.ts";
import type { JsonValue } from "./json-value.ts";
import { canonicalMeta } from "./meta.ts";
import { privateKeyFromSeed, sign, signedEnvelopeBytes } from "./signing.ts";
import { rfc3339 } from "./time.ts";

/** A valid envelope by `alice` with every optional field given; its fingerprint and signature are not true. */
export const plainEnvelope: Envelope = {
  version: 2,
  mesh_id: "0190a6b2-8c4e-7d3a-9f10-2b4c6d8e0f12",
  sender: "a1".repeat(32),
  key_id: "a1".repeat(32),
  client_message_id: "a1a1a1a1a1a1a1a1:build-42",
  destination_kind: "dm",
  destination_ref: `${"b2".repeat(32)}/reviewer`,
  reply_to: "0190a6b2-9999-7abc-8def-0123456789ab",
  supersedes: "a1a1a1a1a1a1a1a1:build-41",
  priority: "now",
  meta: '{"run":42}',
  mentions: ["b2".repeat(32), "c3".repeat(32)],
  content_type: "text/plain; charset=utf-8",
  algorithm: "none",
  sealed_to: null,
  body: Buffer.from("hello").toString("base64url"),
  request_fingerprint: "e5".repeat(32),
  membership_head: "f6".repeat(32),
  signature: Buffer.alloc(64, 7).toString("base64url"),
  sent_at: "2026-01-02T03:04:05.678Z",
};

const aliceSeed = bodyHash(Buffer.from("alice"));
export const aliceKey = privateKeyFromSeed(aliceSeed);

/** As {@link plainEnvelope}, with a body that says to be sealed to bob's key. */
export const sealedEnvelope: Envelope = {
  ...plainEnvelope,
  algorithm: "hpke-v1",
  sealed_to: "d4".repeat(32),
  body: Buffer.alloc(sealOverheadBytes["hpke-v1"] + 5, 9).toString("base64url"),
};

/** The envelope with its true fingerprint and alice's signature. */
export function signedEnvelope(unsigned: Envelope): Envelope {
  const body = Buffer.from(unsigned.body, "base64url");
  return {
    ...unsigned,
    request_fingerprint: envelopeFingerprint(unsigned, body).toString("hex"),
    signature: sign(aliceKey, signedEnvelopeBytes(unsigned, envelopeFingerprint(unsigned, body, 2))),
  };
}

// Made of bytes and single characters: generating from a pattern of 64 places takes milliseconds each.
const hex = (chars: number) =>
  fc.uint8Array({ minLength: chars / 2, maxLength: chars / 2 }).map((bytes) => Buffer.from(bytes).toString("hex"));
const visible = (constraints: { minLength: number; maxLength: number }, least = 0x21) =>
  fc.array(fc.integer({ min: least, max: 0x7e }), constraints).map((codes) => String.fromCharCode(...codes));
const name = fc
  .tuple(fc.constantFrom(..."abc019"), fc.array(fc.constantFrom(..."az09._-"), { maxLength: 63 }))
  .map(([first, rest]) => first + rest.join(""));
const uuid = fc
  .tuple(fc.nat(2 ** 47), fc.uint8Array({ minLength: 16, maxLength: 16 }))
  .map(([ms, random]) => newUuidV7(ms, (bytes) => bytes.set(random)));
const wireIdOf = (sender: string) =>
  fc.oneof(
    uuid,
    visible({ minLength: 1, maxLength: 96 }).map((id) => `${sender.slice(0, 16)}:${id}`),
  );
const base64Url = (constraints: { minLength?: number; maxLength: number }) =>
  fc.uint8Array(constraints).map((bytes) => Buffer.from(bytes).toString("base64url"));
const meta = fc
  .dictionary(
    fc.string({ unit: "binary", maxLength: 8 }),
    fc.oneof(fc.string({ unit: "binary", maxLength: 20 }), fc.boolean(), fc.integer(), fc.constant(null)),
    { maxKeys: 5 },
  )
  .map((value) => canonicalMeta(value as JsonValue));

/** The fields of a body that is sealed so, or not at all. */
const sealing = (algorithm: Algorithm) =>
  fc.oneof(
    fc.record({
      algorithm: fc.constant<Algorithm>("none"),
      sealed_to: fc.constant(null),
      body: base64Url({ maxLength: 200 }),
    }),
    fc.record({
      algorithm: fc.constant(algorithm),
      sealed_to: hex(64),
      body: base64Url({ minLength: sealOverheadBytes[algorithm], maxLength: 200 }),
    }),
  );

/** Any valid envelope. */
export const anyEnvelope: fc.Arbitrary<Envelope> = hex(64).chain((sender) =>
  fc
    .record({
      version: fc.constantFrom(1 as const, 2 as const),
      mesh_id: uuid,
      sender: fc.constant(sender),
      key_id: hex(64),
      client_message_id: wireIdOf(sender),
      reply_to: fc.option(uuid),
      supersedes: fc.option(wireIdOf(sender)),
      priority: fc.constantFrom("now" as const, "next" as const, "low" as const),
      meta,
      mentions: fc.array(hex(64), { maxLength: 4 }).map(sortedUnique),
      content_type: visible({ minLength: 1, maxLength: 128 }, 0x20),
      request_fingerprint: hex(64),
      membership_head: fc.option(hex(64)),
      signature: base64Url({ minLength: 64, maxLength: 64 }),
      sent_at: fc.integer({ min: 0, max: 253_402_300_799_999 }).map(rfc3339),
    })
    .chain((envelope) =>
      fc
        .oneof(
          hex(64).map((ref) => ["dm", ref] as const),
          fc.tuple(hex(64), name).map(([ref, agent]) => ["dm", `${ref}/${agent}`] as const),
          fc.tuple(fc.constantFrom("topic" as const, "queue" as const), name),
        )
        .chain(([destination_kind, destination_ref]) =>
          sealing(destination_kind === "dm" ? "hpke-v1" : "epoch-v1").map(
            (sealed): Envelope => ({ ...envelope, destination_kind, destination_ref, ...sealed }),
          ),
        ),
    ),
);
