/**
 * The JSON object that a text of another program is; null for everything else. For what comes from a program that is trusted with
 * it and may send what it likes: names that come twice are no error here, as in `parseJson`. Never throws.
 */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null;
  } catch {
    return null;
  }
}
