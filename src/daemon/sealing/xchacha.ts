import { createSecretKey, type KeyObject } from "node:crypto";
import { hchacha } from "@noble/ciphers/chacha.js";
import { chachaKeyBytes, chachaNonceBytes, openChaCha, sealChaCha, tagBytes } from "./chacha.ts";

/**
 * XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): HChaCha20 of the library, which node:crypto lacks, and its ChaCha20-Poly1305
 * under the key that comes of it. The library's own cipher costs nearly twice as much at 300 bytes and six times as much at 16 KiB.
 */
export const xchachaNonceBytes = 24;
export const xchachaOverheadBytes = xchachaNonceBytes + tagBytes;

const prefixBytes = 16;
const constants = words(Buffer.from("expand 32-byte k", "ascii"));

/** nonce ‖ ciphertext ‖ tag. `key` is 32 bytes; a nonce of 24 is used once with it. */
export function sealXChaCha(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Buffer {
  return sealChaCha(subkey(key, nonce), shortNonce(nonce), aad, plaintext, nonce);
}

/** The plaintext of nonce ‖ ciphertext ‖ tag; null for anything that was not sealed under this key and associated data. */
export function openXChaCha(key: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Buffer | null {
  if (sealed.length < xchachaOverheadBytes) return null;
  const nonce = sealed.subarray(0, xchachaNonceBytes);
  return openChaCha(subkey(key, nonce), shortNonce(nonce), aad, sealed.subarray(xchachaNonceBytes));
}

/** HChaCha20 (§2.2): 32 bytes from the key and the first 16 of the nonce. */
export function hchacha20(key: Uint8Array, prefix: Uint8Array): Buffer {
  if (key.length !== chachaKeyBytes) throw new TypeError("the key has not 32 bytes");
  const derived = new Uint32Array(chachaKeyBytes / 4);
  hchacha(constants, words(key), words(prefix), derived);
  return Buffer.from(derived.buffer);
}

function subkey(key: Uint8Array, nonce: Uint8Array): KeyObject {
  return createSecretKey(hchacha20(key, nonce.subarray(0, prefixBytes)));
}

/** §2.3: four zero bytes and the last eight of the nonce. */
function shortNonce(nonce: Uint8Array): Buffer {
  const short = Buffer.alloc(chachaNonceBytes);
  short.set(nonce.subarray(prefixBytes), chachaNonceBytes - (xchachaNonceBytes - prefixBytes));
  return short;
}

/** The bytes as words in the machine's own order, as the library takes and gives them; a copy, since bytes lie unaligned. */
function words(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(Uint8Array.from(bytes).buffer);
}
