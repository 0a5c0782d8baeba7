import { createSecretKey, type KeyObject } from "node:crypto";
import { ClaudemeshError } from "../../protocol/error.ts";
import { x25519Bytes, x25519PrivateKey, x25519PublicKey, x25519PublicRaw, x25519Secret } from "./x25519.ts";
import { chachaKeyBytes, chachaNonceBytes, openChaCha, sealChaCha, tagBytes } from "./chacha.ts";
import { hkdfExpand, hkdfExtract, noSalt } from "./hkdf.ts";

/**
 * HPKE (RFC 9180), Base mode, single-shot: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305. A sealed message
 * is enc ‖ ciphertext ‖ tag. Each has an ephemeral key of its own, so that only the nonce of sequence number 0 is used.
 * Sections of the RFC are named where each is done.
 */
export const hpkeOverheadBytes = x25519Bytes + tagBytes;

/** An `info` that was read into the key schedule: two of its five HMACs are the same for every message. */
export interface HpkeInfo {
  readonly keyScheduleContext: Buffer;
}

export interface EphemeralKey {
  readonly privateKey: KeyObject;
  readonly publicKeyRaw: Buffer;
}

const secretBytes = 32;
const nothing = Buffer.alloc(0);
const kemSuite = Buffer.from([...Buffer.from("KEM"), 0x00, 0x20]);
const hpkeSuite = Buffer.from([...Buffer.from("HPKE"), 0x00, 0x20, 0x00, 0x01, 0x00, 0x03]);
const baseMode = Uint8Array.of(0x00);

/** §5.1, the part of KeySchedule that depends on `info` alone; there is no PSK in Base mode. */
export function hpkeInfo(info: Uint8Array): HpkeInfo {
  const pskIdHash = labeledExtract(hpkeSuite, noSalt, "psk_id_hash", nothing).export();
  const infoHash = labeledExtract(hpkeSuite, noSalt, "info_hash", info).export();
  return { keyScheduleContext: Buffer.concat([baseMode, pskIdHash, infoHash]) };
}

/** §7.1.3 for X25519: the same key pair for the same `ikm`, which has at least 32 bytes and is as secret as the key. */
export function deriveKeyPair(ikm: Uint8Array): EphemeralKey {
  const prk = labeledExtract(kemSuite, noSalt, "dkp_prk", ikm);
  const privateKey = x25519PrivateKey(labeledExpand(kemSuite, prk, "sk", nothing, x25519Bytes));
  return { privateKey, publicKeyRaw: x25519PublicRaw(privateKey) };
}

/** §6.1 SealBase. Throws `invalid_field` for a recipient whose key is a point of small order: nothing can be sealed to it. */
export function sealBase(parts: {
  readonly recipient: KeyObject;
  readonly ephemeral: EphemeralKey;
  readonly info: HpkeInfo;
  readonly aad: Uint8Array;
  readonly plaintext: Uint8Array;
}): Buffer {
  const { recipient, ephemeral, info, aad, plaintext } = parts;
  const shared = sharedSecret(ephemeral.privateKey, recipient, ephemeral.publicKeyRaw, x25519PublicRaw(recipient));
  if (shared === null) throw new ClaudemeshError("invalid_field", "the recipient's key cannot be sealed to");
  const { key, baseNonce } = keySchedule(shared, info);
  return sealChaCha(key, baseNonce, aad, plaintext, ephemeral.publicKeyRaw);
}

/** §6.1 OpenBase: null for anything that was not sealed to this recipient under this info and associated data. */
export function openBase(parts: {
  /** Private key. */
  readonly recipientKey: KeyObject;
  readonly recipientPublicRaw: Uint8Array;
  readonly info: HpkeInfo;
  readonly aad: Uint8Array;
  readonly sealed: Uint8Array;
}): Buffer | null {
  const { recipientKey, recipientPublicRaw, info, aad, sealed } = parts;
  if (sealed.length < hpkeOverheadBytes) return null;
  const enc = sealed.subarray(0, x25519Bytes);
  const shared = sharedSecret(recipientKey, x25519PublicKey(enc), enc, recipientPublicRaw);
  if (shared === null) return null;
  const { key, baseNonce } = keySchedule(shared, info);
  return openChaCha(key, baseNonce, aad, sealed.subarray(x25519Bytes));
}

/** §4.1 Encap and Decap after the key pair: ExtractAndExpand of the Diffie-Hellman result over both public keys. */
export function sharedSecret(
  privateKey: KeyObject,
  publicKey: KeyObject,
  enc: Uint8Array,
  recipientPublicRaw: Uint8Array,
): KeyObject | null {
  const agreed = x25519Secret(privateKey, publicKey);
  if (agreed === null) return null;
  const prk = labeledExtract(kemSuite, noSalt, "eae_prk", agreed);
  const context = Buffer.concat([enc, recipientPublicRaw]);
  return createSecretKey(labeledExpand(kemSuite, prk, "shared_secret", context, secretBytes));
}

/** §5.1 KeySchedule. */
export function keySchedule(
  shared: KeyObject,
  { keyScheduleContext }: HpkeInfo,
): { readonly key: KeyObject; readonly baseNonce: Buffer } {
  const secret = labeledExtract(hpkeSuite, shared, "secret", nothing);
  return {
    key: createSecretKey(labeledExpand(hpkeSuite, secret, "key", keyScheduleContext, chachaKeyBytes)),
    baseNonce: labeledExpand(hpkeSuite, secret, "base_nonce", keyScheduleContext, chachaNonceBytes),
  };
}

/** §4 LabeledExtract and LabeledExpand. */
function labeledExtract(suite: Uint8Array, salt: KeyObject, label: string, ikm: Uint8Array): KeyObject {
  return hkdfExtract(salt, [labelBytes(suite, label), ikm]);
}

function labeledExpand(suite: Uint8Array, prk: KeyObject, label: string, info: Uint8Array, length: number): Buffer {
  return hkdfExpand(prk, [Uint8Array.of(length >> 8, length & 0xff), labelBytes(suite, label), info], length);
}

function labelBytes(suite: Uint8Array, label: string): Buffer {
  return Buffer.concat([Buffer.from("HPKE-v1"), suite, Buffer.from(label)]);
}
