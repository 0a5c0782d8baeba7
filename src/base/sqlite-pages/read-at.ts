import { readSync } from "node:fs";

/** null: fewer bytes are there. */
export function readAt(file: number, offset: number, length: number): Buffer | null {
  if (offset < 0 || !Number.isSafeInteger(offset)) return null;
  const bytes = Buffer.alloc(length);
  for (let read = 0; read < length; ) {
    const count = readSync(file, bytes, read, length - read, offset + read);
    if (count === 0) return null;
    read += count;
  }
  return bytes;
}
