import { levelAtHead } from "../cli/log/log-line.ts";
import { readLog } from "../cli/log/read-log.ts";

/** The last lines of a log that the log wrote itself, at most `lines`. No log, or one that may not be read, has none. */
export async function lastLines(path: string, lines: number): Promise<readonly string[]> {
  const found: string[] = [];
  try {
    const end = await readLog(path, { lines, level: null }, (line) => found.push(line));
    await end.file.close();
  } catch {
    return [];
  }
  return found.filter((line) => levelAtHead(line) !== null);
}
