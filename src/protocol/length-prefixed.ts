/** `tag`, then each field as an 8-byte big-endian length and its bytes (texts in UTF-8): no two lists share an encoding. */
export function lengthPrefixed(tag: Uint8Array, fields: readonly (string | Uint8Array)[]): Buffer {
  let size = tag.length;
  for (const field of fields) size += 8 + (typeof field === "string" ? Buffer.byteLength(field) : field.length);
  const bytes = Buffer.allocUnsafe(size);
  bytes.set(tag, 0);
  let at = tag.length;
  for (const field of fields) {
    const length = typeof field === "string" ? bytes.write(field, at + 8, "utf8") : field.length;
    // Lengths stay far below 2^48; the upper two bytes of the eight are zero.
    bytes.writeUInt16BE(0, at);
    bytes.writeUIntBE(length, at + 2, 6);
    if (typeof field !== "string") bytes.set(field, at + 8);
    at += 8 + length;
  }
  return bytes;
}
