/**
 * x25519 points of small order, little-endian with the upper bit cleared, which x25519 does not look at. Nothing can be
 * sealed to them: one member that had such a key would keep every topic from getting keys. (For ed25519 the
 * runtime itself takes no signature by such a point.)
 */
const smallOrder: ReadonlySet<string> = new Set([
  "00".repeat(32),
  `01${"00".repeat(31)}`,
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  // p − 1, p and p + 1.
  `ec${"ff".repeat(30)}7f`,
  `ed${"ff".repeat(30)}7f`,
  `ee${"ff".repeat(30)}7f`,
]);

/** `hex`: 64 lower-case hex characters. */
export function isWeakX25519(hex: string): boolean {
  const last = Number.parseInt(hex.slice(-2), 16) & 0x7f;
  return smallOrder.has(hex.slice(0, -2) + last.toString(16).padStart(2, "0"));
}
