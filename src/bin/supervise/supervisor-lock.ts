import { existsSync } from "node:fs";
import { join } from "node:path";
import { isLocked } from "../detached-process.ts";

/** Held for the life of `claudemesh daemon run --all`. */
export function supervisorLockPath(home: string): string {
  return join(home, "supervisor.lock");
}

/** Whether this home's daemons have a supervisor. Takes its lock for a moment, which one that starts waits out. */
export function isSupervised(home: string): boolean {
  const path = supervisorLockPath(home);
  return existsSync(path) && isLocked(path);
}
