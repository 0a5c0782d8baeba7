import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/**
 * The beginning of a file, which another program may have put there: of what is none, such as a pipe that would keep whoever opens it
 * waiting, null, as of what cannot be read.
 */
export function readStart(path: string, bytesMax: number): Buffer | null {
  try {
    const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const found = fstatSync(file);
      if (!found.isFile()) return null;
      const buffer = Buffer.alloc(Math.min(bytesMax, found.size));
      return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
}
