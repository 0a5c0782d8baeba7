/** Pairs of lines that are compared one by one; where there are more, all that lies between the first and the last change is shown. */
const pairsMax = 4_000_000;

/** The lines that go, with -, and that come, with +, where they stand. null: there is no such file. */
export function changedLines(before: string | null, after: string | null): string[] {
  const [old, now] = [linesOf(before), linesOf(after)];
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
  let [oldEnd, nowEnd] = [old.length, now.length];
  while (oldEnd > start && nowEnd > start && old[oldEnd - 1] === now[nowEnd - 1]) {
    oldEnd -= 1;
    nowEnd -= 1;
  }
  return compared(old.slice(start, oldEnd), now.slice(start, nowEnd));
}

function linesOf(text: string | null): string[] {
  const lines = (text ?? "").split(/\r?\n/);
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

function compared(old: readonly string[], now: readonly string[]): string[] {
  const [gone, come] = [old.map((line) => `- ${line}`), now.map((line) => `+ ${line}`)];
  if (old.length * now.length > pairsMax) return [...gone, ...come];
  const width = now.length + 1;
  // Lines that both have in common, from each pair of places on.
  const common = new Uint32Array((old.length + 1) * width);
  const at = (a: number, b: number): number => common[a * width + b] ?? 0;
  for (let a = old.length - 1; a >= 0; a -= 1)
    for (let b = now.length - 1; b >= 0; b -= 1)
      common[a * width + b] = old[a] === now[b] ? at(a + 1, b + 1) + 1 : Math.max(at(a + 1, b), at(a, b + 1));
  const lines: string[] = [];
  for (let [a, b] = [0, 0]; a < old.length || b < now.length; ) {
    if (a < old.length && b < now.length && old[a] === now[b]) {
      a += 1;
      b += 1;
    } else if (b === now.length || (a < old.length && at(a + 1, b) >= at(a, b + 1))) lines.push(gone[a++] ?? "");
    else lines.push(come[b++] ?? "");
  }
  return lines;
}
