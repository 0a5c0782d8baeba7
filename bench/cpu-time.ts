/**
 * Processor time of a measurement, from /proc: what each of its programs used, and what the rest of the machine took
 * meanwhile. Messages a second depend on what else runs; microseconds a message do so far less.
 */
import { readdirSync, readFileSync } from "node:fs";

/** Ticks of /proc a second, as Linux tells user programs. */
const ticksPerSecond = 100;

export interface CpuMeter {
  /** Since the meter began: seconds of each program with its children, in the order given. */
  used(): number[];
  /** Share of the machine's processors that everything else took, 0 to 1. */
  othersShare(): number;
}

/** Follows the programs of these process ids and the children that they have when it ends. */
export function startCpuMeter(pids: readonly number[]): CpuMeter {
  const before = pids.map(treeTicks);
  const machineBefore = machineTicks();
  const ticks = (): number[] => pids.map((pid, place) => treeTicks(pid) - (before[place] ?? 0));
  return {
    used: () => ticks().map((count) => count / ticksPerSecond),
    othersShare() {
      const { busy, all } = machineTicks();
      const own = ticks().reduce((sum, count) => sum + count, 0);
      return Math.max(0, busy - machineBefore.busy - own) / Math.max(1, all - machineBefore.all);
    },
  };
}

function treeTicks(root: number): number {
  const processes = new Map<number, { parent: number; ticks: number }>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = statOf(Number(name));
    if (stat !== null) processes.set(Number(name), stat);
  }
  const isWithin = (pid: number): boolean => {
    for (let at = pid; at > 1; at = processes.get(at)?.parent ?? 0) if (at === root) return true;
    return false;
  };
  // The load's own process is the parent of the others: it is counted alone.
  if (root === process.pid) return processes.get(root)?.ticks ?? 0;
  let sum = 0;
  for (const [pid, { ticks }] of processes) if (isWithin(pid)) sum += ticks;
  return sum;
}

/** null: it has ended meanwhile. Its time then stands in its parent's sum of ended children. */
function statOf(pid: number): { parent: number; ticks: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const own = Number(fields[11]) + Number(fields[12]);
    const ended = pid === process.pid ? 0 : Number(fields[13]) + Number(fields[14]);
    return { parent: Number(fields[1]), ticks: own + ended };
  } catch {
    return null;
  }
}

function machineTicks(): { busy: number; all: number } {
  const [, ...fields] = (readFileSync("/proc/stat", "utf8").split("\n")[0] ?? "").trim().split(/\s+/);
  const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, softIrq = 0, stolen = 0] = fields.map(Number);
  const busy = user + nice + system + irq + softIrq + stolen;
  return { busy, all: busy + idle + waiting };
}
