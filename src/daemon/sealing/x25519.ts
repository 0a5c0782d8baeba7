import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from "node:crypto";

export const x25519Bytes = 32;

const spkiPrefix = Buffer.from("302a300506032b656e032100", "hex");
const pkcs8Prefix = Buffer.from("302e020100300506032b656e04220420", "hex");
const noSecret = Buffer.alloc(x25519Bytes);

/** Importing costs 45 µs: callers keep the result. `raw` is 32 bytes; any 32 are some point (RFC 7748 §5). */
export function x25519PublicKey(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: "der", type: "spki" });
}

/** From the raw 32-byte scalar, clamped or not. Costs 80 µs, since the public half is computed. */
export function x25519PrivateKey(raw: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8Prefix, raw]), format: "der", type: "pkcs8" });
}

/** The raw 32 bytes of a public key, or of the public half of a private one. */
export function x25519PublicRaw(key: KeyObject): Buffer {
  const raw = key.export({ format: "jwk" }).x;
  if (raw === undefined) throw new TypeError("the key has no public coordinate");
  return Buffer.from(raw, "base64url");
}

/**
 * X25519 (RFC 7748 §6.1): 32 bytes, or null where the public key is a point of small order, whose "secret" would be
 * zeros that everybody knows. Never throws on a key of the right kind.
 */
export function x25519Secret(privateKey: KeyObject, publicKey: KeyObject): Buffer | null {
  let secret: Buffer;
  try {
    secret = diffieHellman({ privateKey, publicKey });
  } catch {
    // What OpenSSL does with such a point; the comparison below does not rely on its version.
    return null;
  }
  return secret.equals(noSecret) ? null : secret;
}
