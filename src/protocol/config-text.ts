/**
 * What one text may mean for a setting, likeliest first: a number, `true` or `false`, JSON of a list or a text, the text as it
 * stands, a list with commas between. The setting decides: the first reading that it takes counts.
 */
export function* textReadings(text: string): Generator<unknown> {
  const number = text.replaceAll("_", "");
  if (/^-?\d{1,16}$/.test(number)) yield Number(number);
  if (text === "true" || text === "false") yield text === "true";
  if (text.startsWith("[") || text.startsWith('"')) yield fromJson(text);
  yield text;
  yield text.trim() === "" ? [] : text.split(",").map((entry) => entry.trim());
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
