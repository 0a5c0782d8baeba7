import { DatabaseSync } from "node:sqlite";

/** A lock held for the life of a process. The kernel frees it on kill -9, which a file with a pid in it cannot promise. */
export interface HeldLock {
  /** Idempotent. */
  release(): void;
}

/** Thrown by {@link acquireLock} while another process (or this one) holds the lock. */
export class LockedError extends Error {
  override readonly name = "LockedError";
  readonly code = "ELOCKED";
}

/** Takes the lock or throws {@link LockedError} at once; never waits. The lock file is an SQLite database of no content. */
export function acquireLock(path: string): HeldLock {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (error instanceof Error && "errcode" in error && (Number(error.errcode) & 0xff) === sqliteBusy) {
      throw new LockedError(`${path} is locked by another process`, { cause: error });
    }
    throw error;
  }
  let held = true;
  return {
    release() {
      if (!held) return;
      held = false;
      database.close();
    },
  };
}

const sqliteBusy = 5;
