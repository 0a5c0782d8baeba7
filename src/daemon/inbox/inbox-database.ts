import type { DatabaseSync } from "node:sqlite";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { InboxQueries } from "./queries.ts";

/**
 * inbox.db, for parts that keep beside the messages what must commit with them. Each has queries of its own; what it writes joins
 * the inbox's next commit, with one fsync for all of them.
 */
export interface InboxDatabase {
  /** Throws stopping when the inbox is not open. */
  read<T>(work: (db: DatabaseSync, queries: InboxQueries) => T): T;
  /**
   * Resolves after the commit, when listeners have heard of the events that it added. A ClaudemeshError that work throws fails it
   * alone, so it may throw one only before it has written anything; any other error fails the whole commit.
   */
  write<T>(work: (db: DatabaseSync, queries: InboxQueries) => T): Promise<T>;
  /**
   * `listener` runs in every transaction of the inbox, last before its COMMIT: what it writes is on disk exactly when the events
   * with a larger id than `afterEventId` are, which this transaction adds. It may add events itself.
   */
  beforeCommit(listener: (db: DatabaseSync, afterEventId: number) => void): void;
  /** A commit left a receipt which no push is behind: nothing else would send it. */
  receiptLeft(): void;
}

/** How one job of a commit ended. */
export type WorkDone<T> = { readonly result: T } | { readonly refused: ClaudemeshError };

/** What a job refuses is its own matter, and fails nobody else of its commit. */
export function workOf<T>(work: () => T): WorkDone<T> {
  try {
    return { result: work() };
  } catch (thrown) {
    if (thrown instanceof ClaudemeshError) return { refused: thrown };
    throw thrown;
  }
}

export function resultOf<T>(done: WorkDone<T> | undefined): T {
  if (done === undefined) throw new ClaudemeshError("stopping", "the inbox is not open");
  if ("refused" in done) throw done.refused;
  return done.result;
}
