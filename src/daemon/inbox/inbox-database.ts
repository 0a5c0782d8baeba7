import type { InboxQueries } from "./queries.ts";

/** Tables that stand beside the messages in inbox.db, so that what is said of a message commits with it. */
export interface InboxDatabase {
  /**
   * Runs `work` in the inbox's next commit; resolves after fsync, when listeners have heard of the events that it added. A
   * ClaudemeshError that `work` throws fails it alone, so it may throw one only before it has written anything.
   */
  commit<T>(work: (queries: InboxQueries) => T): Promise<T>;
  read<T>(look: (queries: InboxQueries) => T): T;
  /** A commit left a receipt: the link is told that there is one to send. */
  receiptLeft(): void;
}
