import { readFileSync } from "node:fs";
import { isDefunct, processStat } from "./process-stat.ts";

/**
 * What tells one process of this host from all others, also from a later one of the same id: `<pid>:<start>`. The start is that of
 * Linux's /proc, in clock ticks, with the boot that they are counted from; elsewhere it is empty, and the print only narrows down.
 * null: no such process is seen.
 */
export function processPrint(pid: number): string | null {
  const start = process.platform === "linux" ? startOf(pid) : isThere(pid) ? "" : null;
  return start === null ? null : `${pid}:${start}`;
}

/** Whether the process of a print is there; null: that cannot be said of it. */
export function processLives(print: string): boolean | null {
  const match = /^(\d{1,10}):([0-9a-f.-]{0,60})$/.exec(print);
  if (match === null) return null;
  const [, pid, start] = match;
  if (process.platform !== "linux") return isThere(Number(pid)) ? null : false;
  const now = startOf(Number(pid));
  return start === "" ? (now === null ? false : null) : now === start;
}

/** The process id in a print; null: it holds none. */
export function pidOf(print: string): number | null {
  const pid = Number(/^([1-9]\d{0,9}):/.exec(print)?.[1]);
  return Number.isSafeInteger(pid) ? pid : null;
}

function startOf(pid: number): string | null {
  const stat = processStat(pid);
  return stat === null || isDefunct(stat) ? null : `${stat.start}.${boot()}`;
}

let bootId: string | null = null;

/** Which run of the system this is: the same clock ticks come again after the next boot. */
function boot(): string {
  try {
    bootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    bootId = "";
  }
  return bootId;
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}
