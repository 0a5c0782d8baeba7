import { readdir, readFile } from "node:fs/promises";
import { readProcessStat } from "../../../base/process-stat.ts";

/** Sends a signal to the process group that `pid` leads. A group that has ended is no error. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  send(-pid, signal);
}

/**
 * Sends a signal to all processes of the group but its leader, which contains the others: it would end at once, and with it
 * they, before they could do what they do at their end.
 */
export async function signalContained(pid: number, signal: NodeJS.Signals): Promise<void> {
  const members = await Promise.all((await readdir("/proc")).map((name) => isInGroup(name, pid)));
  for (const member of members) if (member !== null && member !== pid) send(member, signal);
}

/** The process of that name in /proc if it is one of the group. */
async function isInGroup(name: string, pid: number): Promise<number | null> {
  if (!/^\d+$/.test(name)) return null;
  const stat = await readFile(`/proc/${name}/stat`, "latin1").catch(() => "");
  return readProcessStat(stat)?.group === pid ? Number(name) : null;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ESRCH") return;
    throw thrown;
  }
}
