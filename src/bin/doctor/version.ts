/** Compares `24.15.0` and the like number by number; what is no number counts as 0. */
export function isAtLeast(version: string, least: string): boolean {
  const [found, wanted] = [parts(version), parts(least)];
  for (const [index, part] of wanted.entries()) {
    const other = found[index] ?? 0;
    if (other !== part) return other > part;
  }
  return true;
}

function parts(version: string): number[] {
  return version.split(".").map((part) => Number.parseInt(part, 10) || 0);
}
