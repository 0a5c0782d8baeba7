import { readdir, readFile } from "node:fs/promises";
import { readProcessStat } from "../../../base/process-stat.ts";
import { signalProcess } from "../../../base/signal-group.ts";

/**
 * Sends a signal to all processes of the group but its leader, which contains the others: it would end at once, and with it
 * they, before they could do what they do at their end.
 */
export async function signalContained(pid: number, signal: NodeJS.Signals): Promise<void> {
  const members = await Promise.all((await readdir("/proc")).map((name) => isInGroup(name, pid)));
  for (const member of members) if (member !== null && member !== pid) signalProcess(member, signal);
}

/** The process of that name in /proc if it is one of the group. */
async function isInGroup(name: string, pid: number): Promise<number | null> {
  if (!/^\d+$/.test(name)) return null;
  const stat = await readFile(`/proc/${name}/stat`, "latin1").catch(() => "");
  return readProcessStat(stat)?.group === pid ? Number(name) : null;
}
