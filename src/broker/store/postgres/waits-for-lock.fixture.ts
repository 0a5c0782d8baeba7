import assert from "node:assert/strict";
import type { Client } from "pg";

/**
 * Resolves with the process number of a session in this database that waits for a lock that another one holds; rejects when
 * `work` ends without having waited.
 */
export async function waitsForLock(
  client: Client,
  work: Promise<unknown>,
  application = "claudemesh-broker",
): Promise<number> {
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  work.then(end, end);
  for (;;) {
    // In a transaction, what was seen once is else seen again.
    await client.query("SELECT pg_stat_clear_snapshot()");
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name = $1`,
      [application],
    );
    if (rows[0] !== undefined) return rows[0].pid;
    assert.equal(ended, false, "it did not wait");
  }
}
