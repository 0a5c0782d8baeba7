import { acquireLock, type HeldLock, LockedError } from "../../base/lock-file.ts";

/** Keeps a home's commands from starting, stopping and moving daemons. */
export interface LaunchHold {
  /** What lets go again, once; null while a command is at work. */
  take(): (() => void) | null;
}

/**
 * The launch lock of a home, for a process that starts several daemons at a time: the first one takes it, the last one that
 * is up lets it go.
 */
export function createLaunchHold(lockPath: string): LaunchHold {
  let lock: HeldLock | null = null;
  let holders = 0;
  return {
    take() {
      try {
        lock ??= acquireLock(lockPath);
      } catch (thrown) {
        if (thrown instanceof LockedError) return null;
        throw thrown;
      }
      holders += 1;
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        holders -= 1;
        if (holders > 0) return;
        lock?.release();
        lock = null;
      };
    },
  };
}
