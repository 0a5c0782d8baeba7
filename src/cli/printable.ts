import { printable, unsafe } from "../base/printable.ts";

export { printable };

/** The same on one line, at most `charsMax` characters. */
export function oneLine(text: string, charsMax: number): string {
  // Cut first: replacing within megabytes of hostile text would be for nothing.
  const line = printable(text.slice(0, charsMax * 4))
    .replace(/\s+/g, " ")
    .trim();
  return line.length <= charsMax ? line : `${line.slice(0, charsMax - 1)}…`;
}

/** All of it on one line: where a line is a fact, what others chose to say must not look like another one. */
export function unbroken(text: string): string {
  return printable(text).replace(/[\n\t]+/g, " ");
}

/** A word of the command line as an error quotes it. */
export function quoted(word: string): string {
  return `\`${oneLine(word, 60)}\``;
}

/** JSON of one line, equal for a parser to what JSON.stringify writes, and safe for a terminal. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(
    unsafe,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
