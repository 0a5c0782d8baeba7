import type { InboxQueries } from "../inbox/queries.ts";

/** What agents keep in inbox.db, so that it is in one commit with the messages that it speaks of. */
export interface AgentRows {
  /** To read with; throws stopping while the inbox is not open. */
  read(): InboxQueries;
  /**
   * Runs `job` in the next commit, with whatever else is in its group; resolves after the fsync. A ClaudemeshError that it throws is
   * its own refusal and is thrown before it has written anything; every other error fails the whole commit.
   */
  commit<T>(job: (queries: InboxQueries) => T): Promise<T>;
}
