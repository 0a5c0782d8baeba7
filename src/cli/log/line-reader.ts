import type { FileHandle } from "node:fs/promises";

const chunkBytes = 65_536;
/** A longer line is left out and counted: no line of the log is meant to be that long. */
export const lineBytesMax = 1_048_576;

/** Lines of one open file from a position on, as far as they are complete. Memory: a chunk and one line. */
export interface LineReader {
  /** Complete lines up to the present end of the file. */
  lines(): AsyncGenerator<string, void, undefined>;
  /** What stands behind the last line feed; the file is not going to grow. */
  rest(): string;
  /** Bytes read so far, from the beginning of the file. */
  readonly position: number;
  /** Lines left out for their length. */
  readonly leftOut: number;
  /** Begins anew: the file was truncated. */
  rewind(): void;
}

export function createLineReader(file: FileHandle, start: number): LineReader {
  const chunk = Buffer.alloc(chunkBytes);
  let position = start;
  let kept: Buffer[] = [];
  let keptBytes = 0;
  let leftOut = 0;

  function keep(bytes: Buffer): void {
    // Counted but not kept once it is too long.
    keptBytes += bytes.length;
    if (keptBytes <= lineBytesMax) kept.push(Buffer.from(bytes));
    else kept = [];
  }
  function take(): string | null {
    const isWhole = keptBytes <= lineBytesMax;
    const line = Buffer.concat(kept).toString("utf8");
    [kept, keptBytes] = [[], 0];
    if (isWhole) return line;
    leftOut += 1;
    return null;
  }
  return {
    async *lines() {
      for (;;) {
        const { bytesRead } = await file.read(chunk, 0, chunkBytes, position);
        if (bytesRead === 0) return;
        position += bytesRead;
        // Copied: the buffer is used again while the caller holds lines.
        const bytes = Buffer.from(chunk.subarray(0, bytesRead));
        let begin = 0;
        for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, begin)) {
          keep(bytes.subarray(begin, end));
          begin = end + 1;
          const line = take();
          if (line !== null && line !== "") yield line;
        }
        keep(bytes.subarray(begin));
      }
    },
    rest: () => take() ?? "",
    get position() {
      return position;
    },
    get leftOut() {
      return leftOut;
    },
    rewind() {
      position = 0;
      [kept, keptBytes] = [[], 0];
    },
  };
}
