import type { Input } from "./command.ts";

const lineBytesMax = 4_096;
const keys = { interrupt: 0x03, end: 0x04, backspace: 0x08, newline: 0x0a, enter: 0x0d, clear: 0x15, delete: 0x7f };

/**
 * Lines that somebody types on a terminal, none of them shown. `ask` is called before each. null when it is broken off by
 * Ctrl-C, or the terminal goes away; then the terminal is as it was, as it is in every other case.
 */
export async function promptHidden(
  terminal: Input,
  count: number,
  ask: (index: number) => void,
): Promise<readonly Buffer[] | null> {
  const iterator = terminal[Symbol.asyncIterator]();
  const lines: Buffer[] = [];
  let line: number[] = [];
  terminal.setRawMode?.(true);
  try {
    ask(0);
    for (;;) {
      const { value: typed, done } = await iterator.next();
      if (done === true) return null;
      for (const byte of typed) {
        if (byte === keys.interrupt || (byte === keys.end && line.length === 0)) return null;
        if (byte === keys.enter || byte === keys.newline) {
          lines.push(Buffer.from(line));
          line = [];
          if (lines.length === count) return lines;
          ask(lines.length);
        } else if (byte === keys.backspace || byte === keys.delete) line = withoutLast(line);
        else if (byte === keys.clear) line = [];
        else if (line.length < lineBytesMax) line.push(byte);
      }
    }
  } finally {
    terminal.setRawMode?.(false);
    // Nobody reads on: a terminal that is still open would keep the process.
    await iterator.return?.();
  }
}

/** Without its last character, which has several bytes outside ASCII. */
function withoutLast(line: readonly number[]): number[] {
  const start = line.findLastIndex((byte) => (byte & 0xc0) !== 0x80);
  return line.slice(0, Math.max(start, 0));
}
