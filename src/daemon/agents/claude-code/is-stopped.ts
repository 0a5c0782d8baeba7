import { readFileSync } from "node:fs";

/** Whether the process of a print (base/process-print.ts) is stopped, as by Ctrl-Z; false where that cannot be seen. */
export function isStopped(print: string): boolean {
  const pid = /^[1-9]\d*/.exec(print)?.[0];
  if (pid === undefined) return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return /^[Tt]$/.test(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[0] ?? "");
  } catch {
    return false;
  }
}
