/**
 * Arrays as PostgreSQL's binary format has them (src/backend/utils/adt/arrayfuncs.c, array_recv). A batch of messages is
 * one statement with an array a column; written as text, every value would be escaped here and parsed there.
 */
export interface ArrayType<T> {
  /** OID of the elements' type. */
  readonly oid: number;
  readonly bytes: (value: T) => number;
  /** Writes the element at `offset`; returns nothing, since its length is known. */
  readonly write: (value: T, into: Buffer, offset: number) => void;
}

export const textArray: ArrayType<string> = {
  oid: 25,
  bytes: (value) => Buffer.byteLength(value),
  write: (value, into, offset) => void into.write(value, offset, "utf8"),
};
/** Text whose every character is ASCII, as ids are: its length is known without looking at it. */
export const asciiArray: ArrayType<string> = {
  oid: 25,
  bytes: (value) => value.length,
  write: (value, into, offset) => void into.write(value, offset, "latin1"),
};
export const byteaArray: ArrayType<Uint8Array> = {
  oid: 17,
  bytes: (value) => value.length,
  write: (value, into, offset) => into.set(value, offset),
};
/** UUIDs as text, with their hyphens. */
export const uuidArray: ArrayType<string> = {
  oid: 2950,
  bytes: () => 16,
  write: (value, into, offset) => void into.write(value.replaceAll("-", ""), offset, "hex"),
};
export const bigintArray: ArrayType<number> = {
  oid: 20,
  bytes: () => 8,
  write: (value, into, offset) => void into.writeBigInt64BE(BigInt(value), offset),
};
export const integerArray: ArrayType<number> = {
  oid: 23,
  bytes: () => 4,
  write: (value, into, offset) => void into.writeInt32BE(value, offset),
};
export const smallintArray: ArrayType<number> = {
  oid: 21,
  bytes: () => 2,
  write: (value, into, offset) => void into.writeInt16BE(value, offset),
};
export const booleanArray: ArrayType<boolean> = {
  oid: 16,
  bytes: () => 1,
  write: (value, into, offset) => void into.writeUInt8(value ? 1 : 0, offset),
};

const headerBytes = 20;

/** One dimension, no nulls. */
export function encodeArray<T>(type: ArrayType<T>, values: readonly T[]): Buffer {
  if (values.length === 0) {
    const empty = Buffer.alloc(12);
    empty.writeInt32BE(type.oid, 8);
    return empty;
  }
  const sizes = values.map(type.bytes);
  const encoded = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + size + 4, headerBytes));
  encoded.writeInt32BE(1, 0);
  encoded.writeInt32BE(0, 4);
  encoded.writeInt32BE(type.oid, 8);
  encoded.writeInt32BE(values.length, 12);
  encoded.writeInt32BE(1, 16);
  let offset = headerBytes;
  for (const [index, value] of values.entries()) {
    const size = sizes[index] ?? 0;
    encoded.writeInt32BE(size, offset);
    type.write(value, encoded, offset + 4);
    offset += size + 4;
  }
  return encoded;
}
