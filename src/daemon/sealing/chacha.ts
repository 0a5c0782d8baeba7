import { createCipheriv, createDecipheriv, type KeyObject } from "node:crypto";

export const chachaKeyBytes = 32;
export const chachaNonceBytes = 12;
export const tagBytes = 16;

const cipherName = "chacha20-poly1305";

/** ChaCha20-Poly1305 (RFC 8439): `prefix` as it is, ciphertext, tag. */
export function sealChaCha(
  key: KeyObject,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  prefix: Uint8Array,
): Buffer {
  const cipher = createCipheriv(cipherName, key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(aad, { plaintextLength: plaintext.length });
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return Buffer.concat([prefix, ciphertext, cipher.getAuthTag()]);
}

/** The plaintext of ciphertext ‖ tag; null for anything that was not sealed under these. */
export function openChaCha(key: KeyObject, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Buffer | null {
  const length = sealed.length - tagBytes;
  if (length < 0) return null;
  const decipher = createDecipheriv(cipherName, key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(aad, { plaintextLength: length });
  decipher.setAuthTag(sealed.subarray(length));
  const plaintext = decipher.update(sealed.subarray(0, length));
  try {
    decipher.final();
  } catch {
    // The only failure of final() is a tag that does not hold; what was decrypted up to here is dropped.
    return null;
  }
  return plaintext;
}
