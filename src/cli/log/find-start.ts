import type { FileHandle } from "node:fs/promises";
import { isAtLeast, levelAtHead, type LogLevel } from "./log-line.ts";

const chunkBytes = 65_536;
/** Enough to hold a line's level. */
const headBytes = 32;

/**
 * Where the last `wanted` lines of `level` or above begin in a file of `size` bytes, read backwards from its end; how
 * many there are when the file holds fewer. Memory: one chunk, however large the file.
 */
export async function findStart(
  file: FileHandle,
  size: number,
  wanted: number,
  level: LogLevel | null,
): Promise<{ readonly offset: number; readonly found: number }> {
  let found = 0;
  /** One past the last byte of the line that is looked at: its line feed, or the end of the file. */
  let lineEnd = size;
  const chunk = Buffer.alloc(chunkBytes + headBytes);
  for (let begin = size; begin > 0 && found < wanted; ) {
    const end = begin;
    begin = Math.max(0, end - chunkBytes);
    // A little more than is searched: the heads of lines that begin near the chunk's end.
    const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, size - begin), begin);
    const counts = (lineStart: number): boolean => {
      if (lineStart >= lineEnd) return false;
      if (level === null) return true;
      const head = chunk.toString("latin1", lineStart - begin, Math.min(bytesRead, lineStart - begin + headBytes));
      return isAtLeast(levelAtHead(head), level);
    };
    for (let at = Math.min(end - begin, bytesRead) - 1; at >= 0; at -= 1) {
      if (chunk[at] !== 10) continue;
      if (counts(begin + at + 1)) found += 1;
      if (found === wanted) return { offset: begin + at + 1, found };
      lineEnd = begin + at;
    }
    if (begin === 0 && counts(0)) found += 1;
  }
  return { offset: wanted === 0 ? size : 0, found };
}
