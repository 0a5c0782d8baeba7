import { processPrint } from "../../base/process-print.ts";
import { type ProcessStat, processStat } from "../../base/process-stat.ts";

/** Programs that a hook's command runs in, and not the coding agent itself. */
const shells: ReadonlySet<string> = new Set(["sh", "bash", "dash", "zsh", "fish", "ksh", "busybox", "env", "timeout"]);
/** A shell in a shell is as far as it goes. */
const stepsMax = 4;

/**
 * Which process called this hook: the nearest above us that is no shell. null where that cannot be told, as on systems without
 * /proc: a guess would take one session for another.
 */
export function callingProcess(
  pid = process.ppid,
  statOf: (pid: number) => Pick<ProcessStat, "name" | "parent"> | null = processStat,
): string | null {
  let at = pid;
  for (let step = 0; step < stepsMax; step += 1) {
    const stat = statOf(at);
    if (stat === null || at <= 1) return null;
    if (!shells.has(stat.name)) return processPrint(at);
    at = stat.parent;
  }
  return null;
}
