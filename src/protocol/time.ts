/** RFC 3339 UTC with milliseconds, from epoch milliseconds. */
export function rfc3339(ms: number): string {
  return new Date(ms).toISOString();
}

const pattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/** Whether the text is exactly what {@link rfc3339} writes. */
export function isRfc3339(text: string): boolean {
  if (!pattern.test(text)) return false;
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && rfc3339(ms) === text;
}
