const candidatesMax = 2_000;
const suggestionsMax = 3;

/** Up to three of `known` that `written` was probably meant to be, nearest first. Case, `_`, `-` and `.` do not count. */
export function suggest(written: string, known: Iterable<string>): string[] {
  const wanted = fold(written);
  if (wanted === "") return [];
  const scored: { name: string; distance: number }[] = [];
  let seen = 0;
  for (const name of known) {
    if (++seen > candidatesMax) break;
    const folded = fold(name);
    const reach = Math.max(1, Math.floor(Math.min(wanted.length, folded.length) / 3));
    const distance = editDistance(wanted, folded, reach);
    if (distance <= reach) scored.push({ name, distance });
    else if (folded.length >= 3 && (wanted.startsWith(folded) || folded.startsWith(wanted)))
      scored.push({ name, distance: reach + 1 });
  }
  scored.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return scored.slice(0, suggestionsMax).map((entry) => entry.name);
}

function fold(name: string): string {
  return name
    .slice(0, 96)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "");
}

/** Levenshtein distance with swapped neighbours counted once; anything above `limit` is reported as limit + 1. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let twoBack: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      let distance = Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1);
      if (a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        distance = Math.min(distance, (twoBack[column - 2] ?? 0) + 1);
      current.push(distance);
    }
    [twoBack, previous] = [previous, current];
  }
  return previous[b.length] ?? limit + 1;
}
