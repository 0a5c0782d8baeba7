import { closeSync, fsyncSync, ftruncateSync, openSync, renameSync, rmSync, writeSync } from "node:fs";

/**
 * What is asked of the disk where files are replaced that nothing can bring back. Every step that a crash could fall before or
 * after is one call here, so that tests stop at each of them.
 */
export interface FileLayer {
  open(path: string, flags: "wx" | "r" | "r+", mode?: number): number;
  write(file: number, bytes: Uint8Array, at: number): number;
  sync(file: number): void;
  truncate(file: number, length: number): void;
  close(file: number): void;
  rename(from: string, to: string): void;
  /** A file that is not there is removed already. */
  remove(path: string): void;
}

export const systemFiles: FileLayer = {
  open: (path, flags, mode) => openSync(path, flags, mode),
  write: (file, bytes, at) => writeSync(file, bytes, 0, bytes.length, at),
  sync: fsyncSync,
  truncate: ftruncateSync,
  close: closeSync,
  rename: renameSync,
  remove: (path) => rmSync(path, { force: true }),
};
