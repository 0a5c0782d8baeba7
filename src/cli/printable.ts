const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text from elsewhere, made safe for a terminal: control characters that could move the cursor, hide text or set the
 * title are shown as `\x1b`; line feeds and tabs stay. Done to all that a command writes.
 */
export function printable(text: string): string {
  return text.replace(unsafe, (character) => {
    const code = character.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
  });
}

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
