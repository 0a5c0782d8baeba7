/** What a terminal would act on, or hide text by. */
export const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text from elsewhere, made safe for a terminal: control characters that could move the cursor, hide text or set the
 * title are shown as `\x1b`; line feeds and tabs stay. Done to
 * all that a command writes, and to what the daemon says of an error.
 */
export function printable(text: string): string {
  return text.replace(unsafe, (character) => {
    const code = character.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
  });
}
