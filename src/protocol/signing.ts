import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as cryptoSign,
  verify as cryptoVerify,
} from "node:crypto";
import type { Envelope } from "./envelope.ts";
import { isSignature } from "./envelope-check.ts";
import { envelopeFingerprint, signedFingerprintVersion } from "./fingerprint.ts";
import type { HelloFrame, Position, ReceiptGroup } from "./frames.ts";
import { canonicalJson } from "./json-canonical.ts";
import type { JsonValue } from "./json-value.ts";
import { lengthPrefixed } from "./length-prefixed.ts";

const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");

/** What a sender signs of an envelope (security.md "Sealing"). The fingerprint is always the one of signedFingerprintVersion. */
export function signedEnvelopeBytes(
  envelope: Omit<Envelope, "signature" | "request_fingerprint">,
  fingerprintV2: Uint8Array,
): Buffer {
  return lengthPrefixed(Buffer.from("claudemesh:envelope:v1", "ascii"), [
    envelope.mesh_id,
    envelope.sender,
    envelope.client_message_id,
    envelope.supersedes ?? "",
    envelope.algorithm,
    envelope.key_id,
    envelope.sealed_to ?? "",
    envelope.membership_head ?? "",
    envelope.sent_at,
    fingerprintV2,
  ]);
}

/** Verifies an envelope against its sender's key; `body` is the decoded body. */
export function envelopeSignatureHolds(envelope: Envelope, body: Uint8Array, key: KeyObject): boolean {
  return verify(
    key,
    signedEnvelopeBytes(envelope, envelopeFingerprint(envelope, body, signedFingerprintVersion)),
    envelope.signature,
  );
}

/** The whole hello, the challenge's nonce, the broker and the authority that was dialled: worthless to a relay. */
export function helloBytes(
  hello: Omit<HelloFrame, "signature">,
  nonce: string,
  brokerId: string,
  authority: string,
): Buffer {
  const { signature: _, ...unsigned } = hello as HelloFrame;
  return lengthPrefixed(Buffer.from("claudemesh:hello:v1", "ascii"), [
    canonicalJson(unsigned as unknown as JsonValue),
    nonce,
    brokerId,
    authority,
  ]);
}

/** What the broker's deployment key signs in a challenge. */
export function challengeBytes(nonce: string, brokerId: string, serverTime: string): Buffer {
  return lengthPrefixed(Buffer.from("claudemesh:challenge:v1", "ascii"), [nonce, brokerId, serverTime]);
}

/** What the deployment key signs for who asks a broker to prove itself over HTTP, before anything is sent to it. */
export function brokerProofBytes(proof: {
  readonly nonce: string;
  readonly brokerId: string;
  readonly serverTime: string;
  /** As it was dialled. */
  readonly authority: string;
  /** Of the listener that was asked; null: it has no TLS. */
  readonly certificatePrint: string | null;
}): Buffer {
  return lengthPrefixed(Buffer.from("claudemesh:broker-proof:v1", "ascii"), [
    proof.nonce,
    proof.brokerId,
    proof.serverTime,
    proof.authority,
    proof.certificatePrint ?? "",
  ]);
}

/** What the broker authenticates of a position, by HMAC under its deployment secret. */
export function positionBytes(position: Omit<Position, "mac">, meshId: string): Buffer {
  return lengthPrefixed(Buffer.from("claudemesh:position:v1", "ascii"), [
    meshId,
    String(position.epoch),
    String(position.seq),
    position.broker_message_id,
    position.incarnation,
  ]);
}

/** What a receiver signs of its receipts (delivery.md §7): each item is four fields, so no two lists share an encoding. */
export function receiptBytes(group: Omit<ReceiptGroup, "signature">, meshId: string): Buffer {
  return lengthPrefixed(Buffer.from("claudemesh:receipts:v1", "ascii"), [
    meshId,
    group.from,
    group.to,
    ...group.items.flatMap((item) => [item.client_message_id, item.request_fingerprint, item.state, item.at]),
  ]);
}

/** ed25519 (RFC 8032), base64url. */
export function sign(privateKey: KeyObject, bytes: Uint8Array): string {
  return cryptoSign(null, bytes, privateKey).toString("base64url");
}

/**
 * False for anything but a valid 64-byte signature in its only spelling, since Buffer reads many; never throws on input.
 */
export function verify(publicKey: KeyObject, bytes: Uint8Array, signature: string): boolean {
  return isSignature(signature) && cryptoVerify(null, bytes, publicKey, Buffer.from(signature, "base64url"));
}

/** Importing costs 50 µs: callers keep the result. `hex` is 64 characters. */
export function publicKeyFromHex(hex: string): KeyObject {
  return createPublicKey({ key: Buffer.concat([spkiPrefix, Buffer.from(hex, "hex")]), format: "der", type: "spki" });
}

/** 64 lower-case hex characters, of a public key or of the public half of a private one. */
export function publicKeyHexOf(key: KeyObject): string {
  const raw = key.export({ format: "jwk" }).x;
  if (raw === undefined) throw new TypeError("the key has no public coordinate");
  return Buffer.from(raw, "base64url").toString("hex");
}

/** From a raw 32-byte seed. */
export function privateKeyFromSeed(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: "der", type: "pkcs8" });
}
