import { join } from "node:path";
import { readLogLine } from "../../cli/log/log-line.ts";
import type { ProcessEnd } from "../../cli/launcher.ts";
import { exitReason } from "../exit-codes.ts";
import { type Outcome, problem } from "./check.ts";
import type { Host } from "./host.ts";

/** An end is told near the end of the log; what was logged before it matters less. */
const linesRead = 500;
const wordsChars = 300;

/** The line of its log in which a process noted its last start or, with its exit code, its last end; the later one. */
export async function lastNote(
  host: Pick<Host, "lastLines">,
  dir: string,
  program: "daemon" | "broker",
): Promise<Readonly<Record<string, unknown>> | null> {
  const lines = await host.lastLines(join(dir, `${program}.log`), linesRead);
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
    hint: textOf("hint"),
    at: textOf("time"),
  };
}

/** Why the process in `dir` does not run, by its last words; empty when it was stopped in good order or says nothing. */
export async function lastEnd(host: Host, dir: string, program: "daemon" | "broker"): Promise<readonly Outcome[]> {
  const last = await lastNote(host, dir, program);
  const end = endOf(last);
  if (end !== null) {
    const { exit_code: code, message, hint } = end;
    return [
      problem(
        `it ended with exit code ${code} (${exitReason(code)}): ${message}`,
        hint ?? `claudemesh ${program === "broker" ? "logs --broker" : "logs"} --level error`,
      ),
    ];
  }
  // A program that could not even open its log has said so where it was started from.
  const words = last === null ? (host.text(join(dir, "start.log"))?.trim() ?? "") : "";
  return words === "" ? [] : [problem(`it did not start: ${words.slice(-wordsChars)}`, `claudemesh ${program} up`)];
}
