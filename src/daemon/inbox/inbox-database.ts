import type { DatabaseSync } from "node:sqlite";

/**
 * inbox.db, for parts that keep beside the messages what must commit with them. Each has queries of its own; what it writes joins
 * the inbox's next commit, with one fsync for all of them.
 */
export interface InboxDatabase {
  /** Throws stopping when the inbox is not open. */
  read<T>(work: (db: DatabaseSync) => T): T;
  /**
   * Resolves after the commit. Work that throws fails the whole commit, so whatever it can refuse it refuses before it writes, by
   * what it answers.
   */
  write<T>(work: (db: DatabaseSync) => T): Promise<T>;
  /**
   * `listener` runs in every transaction of the inbox, last before its COMMIT: what it writes is on disk exactly when the events
   * with a larger id than `afterEventId` are, which this transaction adds. It may add events itself.
   */
  beforeCommit(listener: (db: DatabaseSync, afterEventId: number) => void): void;
}
