import { closeSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";

/** What is asked of the disk under a chain's file; a test plants failures here. */
export interface ChainDisk {
  write(file: number, bytes: Uint8Array, at: number): number;
  sync(file: number): void;
  truncate(file: number, length: number): void;
}

export const systemDisk: ChainDisk = {
  write: (file, bytes, at) => writeSync(file, bytes, 0, bytes.length, at),
  sync: fsyncSync,
  truncate: ftruncateSync,
};

export function withFile<T>(path: string, mode: "r" | "r+", body: (file: number) => T): T {
  const file = openSync(path, mode);
  try {
    return body(file);
  } finally {
    closeSync(file);
  }
}

/** Exactly these bytes; a file that is shorter has been cut while it was in use. */
export function readRange(path: string, from: number, to: number): Buffer {
  const bytes = Buffer.alloc(to - from);
  withFile(path, "r", (file) => {
    for (let read = 0; read < bytes.length; ) {
      const more = readSync(file, bytes, read, bytes.length - read, from + read);
      if (more === 0) throw new Error(`${path} was cut while it was in use`);
      read += more;
    }
  });
  return bytes;
}
