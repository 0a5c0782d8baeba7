/**
 * Text from elsewhere, made safe for a terminal: control characters that could move the cursor, hide text or set the
 * title are shown as `\x1b`; line feeds and tabs stay.
 */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
  });
}

/** The same on one line, at most `charsMax` characters. */
export function oneLine(text: string, charsMax: number): string {
  const line = printable(text).replace(/\s+/g, " ").trim();
  return line.length <= charsMax ? line : `${line.slice(0, charsMax - 1)}…`;
}
