import { pidOf, processLives } from "../../base/process-print.ts";
import { signalGroup } from "../../base/signal-group.ts";

/** Kills the group of a process that a killed daemon has left, if it is that very one. True: it was there. */
export function killLeftGroup(print: string): boolean {
  const pid = pidOf(print);
  if (pid === null || pid <= 1 || processLives(print) !== true) return false;
  try {
    return signalGroup(pid, "SIGKILL");
  } catch {
    // It runs as somebody whom this daemon may not end.
    return false;
  }
}
