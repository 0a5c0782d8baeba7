import { closeSync, fstatSync, openSync } from "node:fs";
import { readAt } from "./read-at.ts";
import { readWal, type WalFrames } from "./wal-frames.ts";

/** Pages of an SQLite database and of the log beside it, read as they lie, without SQLite: also of one that it refuses. */
export interface PageFile {
  readonly pageSize: number;
  /** Whole pages of the file. */
  readonly pages: number;
  readonly wal: WalFrames;
  /** From 1; null beyond the end. */
  page(number: number): Buffer | null;
  /** The page image of a frame of the log. */
  frame(offset: number): Buffer | null;
  close(): void;
}

const defaultPageSize = 4_096;
const magic = "SQLite format 3\0";

export function openPageFile(path: string): PageFile {
  const file = openSync(path, "r");
  const log = readWal(`${path}-wal`);
  const bytes = fstatSync(file).size;
  const head = readAt(file, 0, 100);
  const pageSize = pageSizeOf(head) ?? log.pageSize ?? defaultPageSize;
  return {
    pageSize,
    pages: Math.floor(bytes / pageSize),
    wal: log,
    page: (number) => readAt(file, (number - 1) * pageSize, pageSize),
    frame: (offset) => log.read(offset, pageSize),
    close() {
      closeSync(file);
      log.close();
    },
  };
}

function pageSizeOf(head: Buffer | null): number | null {
  if (head === null || head.toString("latin1", 0, 16) !== magic) return null;
  const written = head.readUInt16BE(16);
  const size = written === 1 ? 65_536 : written;
  return size >= 512 && (size & (size - 1)) === 0 ? size : null;
}
