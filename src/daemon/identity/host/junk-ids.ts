/**
 * Ids that makers of boards, images and tools have left in place of one of the host's own: many hosts have them, so they
 * tell none from another. Without dashes, in lower case.
 */
const knownConstants: ReadonlySet<string> = new Set([
  "03000200040005000006000700080009",
  "00020003000400050006000700080009",
  "12345678123456789012345678901234",
  "1234567812345678123456781234567a",
  "123456781234567890abcddeefaabbcc",
  "01020304050607080910111213141516",
  "0102030405060708090a0b0c0d0e0f10",
  "000102030405060708090a0b0c0d0e0f",
  "0123456789abcdef0123456789abcdef",
  "30313233343536373839414243444546",
  "4c4c454400002010802080c04f202020",
  "deadbeefdeadbeefdeadbeefdeadbeef",
  "feefeefefeefeefefeefeefefeefeefe",
]);

/** The id as it is hashed: 32 hex digits without dashes; null for what is no id, or not one host's own. */
export function usableId(text: string | null): string | null {
  // Files are written with all kinds of line ends, and some tools write the null bytes of a fixed field.
  const id =
    text
      ?.replaceAll("\0", "")
      .replace(/^\uFEFF/, "")
      .trim()
      .replace(/^\{(.*)\}$/, "$1")
      .toLowerCase() ?? "";
  const isId = /^[0-9a-f]{32}$/.test(id) || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);
  if (!isId) return null;
  const digits = id.replaceAll("-", "");
  // All zeros, all ones, and whatever else somebody has held a key down for.
  if (/^(.)\1*$/.test(digits)) return null;
  return knownConstants.has(digits) ? null : digits;
}
