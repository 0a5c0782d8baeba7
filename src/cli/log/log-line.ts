import type { Output } from "../output.ts";
import { printable } from "../printable.ts";

export const logLevels = ["debug", "info", "warn", "error", "fatal"] as const;
export type LogLevel = (typeof logLevels)[number];

/** As the log writes them. */
const levelNumbers: Readonly<Record<LogLevel, number>> = { debug: 20, info: 30, warn: 40, error: 50, fatal: 60 };
/** The same for every line of one process, or said by the line already. */
const fieldsLeftOut = new Set(["level", "time", "msg", "name", "pid", "hostname", "v"]);

/** A line's level, read from its beginning alone; null for one that the log did not write: it is always shown. */
export function levelAtHead(head: string): number | null {
  const found = /^\{"level":(\d{1,3})[,}]/.exec(head)?.[1];
  return found === undefined ? null : Number(found);
}

export function isAtLeast(level: number | null, least: LogLevel): boolean {
  return level === null || level >= levelNumbers[least];
}

/** The line's fields, or null when it is no JSON object: what a crash cut short, or what somebody else wrote. */
export function readLogLine(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** `time level message key=value …` on one line, safe for a terminal. */
export function logLineText(line: string, paint: Output["paint"]): string {
  const fields = readLogLine(line);
  if (fields === null) return onOneLine(line);
  const level = levelName(fields["level"]);
  const rest = Object.entries(fields)
    .filter(([name]) => !fieldsLeftOut.has(name))
    .map(([name, value]) => paint.dim(onOneLine(`${name}=${valueText(value)}`)));
  return [
    onOneLine(String(fields["time"] ?? "-")),
    coloured(level, paint),
    onOneLine(String(fields["msg"] ?? "")),
    ...rest,
  ]
    .join(" ")
    .trimEnd();
}

function levelName(level: unknown): string {
  return logLevels.find((name) => levelNumbers[name] === level) ?? String(level);
}

function coloured(level: string, paint: Output["paint"]): string {
  const text = onOneLine(level).padEnd(5);
  if (level === "error" || level === "fatal") return paint.red(text);
  return level === "warn" ? paint.yellow(text) : text;
}

function valueText(value: unknown): string {
  if (typeof value === "string") return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  // The stack is for those who read the log itself.
  if (typeof value === "object" && value !== null && "message" in value && "stack" in value)
    return JSON.stringify(String(value.message));
  return JSON.stringify(value);
}

function onOneLine(text: string): string {
  return printable(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}
