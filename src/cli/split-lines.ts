/** A line of an input, counted from 1, without its end. */
export type Line =
  | { readonly number: number; readonly bytes: Buffer }
  /** It has more than the bytes allowed and was not kept. */
  | { readonly number: number; readonly tooLong: number };

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * The lines of an endless input, as soon as each is complete; the last one needs no line feed, CRLF ends a line too,
 * empty lines are counted and left out. At most `bytesMax` and one chunk are held.
 */
export async function* splitLines(
  input: AsyncIterable<Uint8Array>,
  bytesMax: number,
): AsyncGenerator<Line, void, undefined> {
  // One more is kept: it may be the carriage return of a line that is just short enough.
  const keptMax = bytesMax + 1;
  let kept: Buffer[] = [];
  let bytes = 0;
  let number = 1;
  const add = (part: Buffer): void => {
    bytes += part.length;
    if (bytes <= keptMax) kept.push(Buffer.from(part));
    else kept = [];
  };
  const take = (): Line | null => {
    const whole = bytes <= keptMax ? Buffer.concat(kept) : null;
    const line = whole?.at(-1) === carriageReturn ? whole.subarray(0, -1) : whole;
    const taken: Line = line === null || line.length > bytesMax ? { number, tooLong: bytes } : { number, bytes: line };
    kept = [];
    bytes = 0;
    number += 1;
    return "bytes" in taken && taken.bytes.length === 0 ? null : taken;
  };
  for await (const chunk of input) {
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let start = 0;
    for (let end = buffer.indexOf(lineFeed); end >= 0; end = buffer.indexOf(lineFeed, start)) {
      add(buffer.subarray(start, end));
      start = end + 1;
      const line = take();
      if (line !== null) yield line;
    }
    add(buffer.subarray(start));
  }
  const last = take();
  if (last !== null) yield last;
}
