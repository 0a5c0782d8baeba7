import { readFileSync } from "node:fs";

/**
 * What tells a process from a later one of the same number: when it started, and in which run of the system. null where the system
 * does not tell (it is read of /proc), or where it has ended.
 */
export function processPrint(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name before it may hold anything, brackets and spaces too; the 20th field behind it is the start.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const started = fields[19];
    // It has ended, and only nobody has asked yet how.
    if (fields[0] === "Z" || fields[0] === "X") return null;
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    return started === undefined ? null : `${pid}:${started}:${boot}`;
  } catch {
    return null;
  }
}

/** Kills the group of a process that a killed daemon has left, if it is that very one. True: it was there. */
export function killLeftGroup(print: string): boolean {
  const pid = Number(print.split(":")[0]);
  if (!Number.isSafeInteger(pid) || pid <= 1 || processPrint(pid) !== print) return false;
  try {
    process.kill(-pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}
