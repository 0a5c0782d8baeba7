import { join } from "node:path";
import { readLogLine } from "../cli/log/log-line.ts";
import type { ProcessEnd } from "../cli/launcher.ts";
import { lastLines } from "./last-lines.ts";

/** An end is told near the end of the log; what was logged before it matters less. */
const linesRead = 500;

/** The line of its log in which a process noted its last start or, with its exit code, its last end; the later one. */
export async function lastNote(
  dir: string,
  program: "daemon" | "broker",
  readLines: typeof lastLines = lastLines,
): Promise<Readonly<Record<string, unknown>> | null> {
  const lines = await readLines(join(dir, `${program}.log`), linesRead);
  return (
    lines
      .map(readLogLine)
      .findLast((line) => line !== null && (typeof line["exit_code"] === "number" || line["started"] === true)) ?? null
  );
}

/** How a process ended, by the line in which it noted that; null: in good order, or it is not known. */
export function endOf(note: Readonly<Record<string, unknown>> | null): ProcessEnd | null {
  const code = note?.["exit_code"];
  if (note === null || typeof code !== "number" || code === 0) return null;
  const textOf = (name: string): string | null => {
    const value = note[name];
    return typeof value === "string" ? value : null;
  };
  return {
    exit_code: code,
    kind: textOf("kind") ?? textOf("code") ?? "unexpected",
    message: textOf("msg") ?? "",
    feature: textOf("feature"),
    detail: textOf("detail"),
    other_instance_id: textOf("other_instance_id"),
    hint: textOf("hint"),
    at: textOf("time"),
  };
}
