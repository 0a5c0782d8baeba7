import { readFileSync } from "node:fs";

/**
 * What tells one process of this host from all others, also from a later one of the same id: `<pid>:<start>`. The start is that of
 * Linux's /proc, in clock ticks since boot; elsewhere it is empty, and the print only narrows down. null: no such process is seen.
 */
export function processPrint(pid: number): string | null {
  const start = process.platform === "linux" ? startOf(pid) : isThere(pid) ? "" : null;
  return start === null ? null : `${pid}:${start}`;
}

/** Whether the process of a print is there; null: that cannot be said of it. */
export function processLives(print: string): boolean | null {
  const match = /^(\d{1,10}):(\d{0,20})$/.exec(print);
  if (match === null) return null;
  const [, pid, start] = match;
  if (process.platform !== "linux") return isThere(Number(pid)) ? null : false;
  const now = startOf(Number(pid));
  return start === "" ? (now === null ? false : null) : now === start;
}

/** Field 22 of /proc/<pid>/stat. The name before it may hold anything, so it is counted from its closing bracket. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}
