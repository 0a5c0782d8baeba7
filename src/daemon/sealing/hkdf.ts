import { createHmac, createSecretKey, type KeyObject } from "node:crypto";

const hashBytes = 32;

/** A salt that is not given is as many zeros as the hash is long (RFC 5869 §2.2). */
export const noSalt = createSecretKey(Buffer.alloc(hashBytes));

/**
 * HKDF-Extract with SHA-256 (RFC 5869). Keys are KeyObjects: an HMAC under one costs 4 µs, under plain bytes 20;
 * node:crypto's own HKDF costs 10 and keeps no key.
 */
export function hkdfExtract(salt: KeyObject, ikm: readonly Uint8Array[]): KeyObject {
  return createSecretKey(hmac(salt, ikm));
}

/** HKDF-Expand with SHA-256, `length` ≤ 255 × 32 bytes. */
export function hkdfExpand(prk: KeyObject, info: readonly Uint8Array[], length: number): Buffer {
  let block: Buffer = Buffer.alloc(0);
  const blocks: Buffer[] = [];
  for (let count = 1; (count - 1) * hashBytes < length; count += 1) {
    block = hmac(prk, [block, ...info, Uint8Array.of(count)]);
    blocks.push(block);
  }
  const [only = block] = blocks;
  return (blocks.length === 1 ? only : Buffer.concat(blocks)).subarray(0, length);
}

function hmac(key: KeyObject, parts: readonly Uint8Array[]): Buffer {
  return createHmac("sha256", key)
    .update(parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts))
    .digest();
}
