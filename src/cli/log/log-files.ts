import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * The files that the log at `path` was rotated to, oldest first: `daemon.log` goes to `daemon-2026-11-25-1.log`, by day
 * and then by number.
 */
export function rotatedFiles(path: string): string[] {
  const stem = basename(path, ".log");
  const pattern = new RegExp(`^${stem}-(\\d{4}-\\d{2}-\\d{2})-(\\d{1,9})\\.log$`);
  let names: string[];
  try {
    names = readdirSync(dirname(path));
  } catch {
    return [];
  }
  return names
    .flatMap((name) => {
      const found = pattern.exec(name);
      return found === null ? [] : [{ name, day: found[1] ?? "", number: Number(found[2]) }];
    })
    .sort((a, b) => (a.day === b.day ? a.number - b.number : a.day < b.day ? -1 : 1))
    .map(({ name }) => join(dirname(path), name));
}
