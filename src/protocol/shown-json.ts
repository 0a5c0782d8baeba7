const depthMax = 16;
const itemsMax = 65;
const textCharsMax = 257;
const cut = "…";

/**
 * A value of a peer's as a log may hold it: what is longer or deeper than anything that is meant seriously is cut, so that the
 * stack does not grow without bound; the frame that it came in bounds the rest.
 */
export function shownJson(value: unknown, depth: number = 1): unknown {
  if (typeof value === "string") return value.length > textCharsMax ? value.slice(0, textCharsMax) + cut : value;
  if (typeof value !== "object" || value === null) return value;
  if (depth > depthMax) return cut;
  if (Array.isArray(value)) {
    const items: unknown[] = value.slice(0, itemsMax).map((item) => shownJson(item, depth + 1));
    return value.length > itemsMax ? [...items, cut] : items;
  }
  const members = Object.entries(value);
  const shown = members
    .slice(0, itemsMax)
    .map(([name, item]) => [name.slice(0, textCharsMax), shownJson(item, depth + 1)]);
  return Object.fromEntries(members.length > itemsMax ? [...shown, [cut, members.length - itemsMax]] : shown);
}
