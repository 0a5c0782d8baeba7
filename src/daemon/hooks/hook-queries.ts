import type { DatabaseSync } from "node:sqlite";
import type { HookCause, HookOutcome } from "../../protocol/hooks-api.ts";

/** A row of hook_run as SQLite gives it. */
export interface HookRunRow {
  readonly id: number;
  readonly hook: string;
  readonly event_id: number | null;
  readonly event: HookCause;
  readonly state: "waiting" | "running" | "ended";
  readonly attempts: number;
  readonly queued_at: number;
  readonly started_at: number | null;
  readonly process: string | null;
  readonly ended_at: number | null;
  readonly outcome: HookOutcome | null;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly reason: string | null;
  readonly said: string | null;
  readonly reply: string | null;
  readonly runs: number;
}

/** How a run ended. */
export type HookEnd = Pick<HookRunRow, "exit_code" | "signal" | "reason" | "said" | "reply"> & {
  readonly outcome: HookOutcome;
};

export type NewRun = Pick<HookRunRow, "hook" | "event_id" | "event">;

/** One function per query of the runs of hooks, in inbox.db. */
export function hookQueries(db: DatabaseSync) {
  const add = db.prepare(
    "INSERT INTO hook_run (hook, event_id, event, state, attempts, queued_at, started_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const addDropped = db.prepare(
    `INSERT INTO hook_run (hook, event_id, event, state, attempts, queued_at, ended_at, outcome, reason, runs)
     VALUES (?, ?, ?, 'ended', 0, ?, ?, 'dropped', ?, ?)`,
  );
  const waitingOf = db.prepare("SELECT count(*) AS n FROM hook_run WHERE state = 'waiting' AND hook = ?");
  const counts = db.prepare(
    "SELECT hook, state, count(*) AS n FROM hook_run WHERE state IN ('waiting', 'running') GROUP BY hook, state",
  );
  const nextWaiting = db.prepare(
    `SELECT * FROM hook_run WHERE state = 'waiting' AND hook NOT IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT 1`,
  );
  const begin = db.prepare(
    "UPDATE hook_run SET state = 'running', attempts = attempts + 1, started_at = ?, process = NULL WHERE id = ?",
  );
  const noteProcess = db.prepare("UPDATE hook_run SET process = ? WHERE id = ? AND state = 'running'");
  const putBack = db.prepare(
    "UPDATE hook_run SET state = 'waiting', process = NULL, attempts = attempts - ? WHERE id = ?",
  );
  const running = db.prepare("SELECT * FROM hook_run WHERE state = 'running' ORDER BY id");
  const end = db.prepare(
    `UPDATE hook_run SET state = 'ended', process = NULL, ended_at = ?, outcome = ?, exit_code = ?, signal = ?, reason = ?, said = ?,
       reply = ? WHERE id = ?`,
  );
  const forget = db.prepare("DELETE FROM hook_run WHERE id = ?");
  const byId = db.prepare("SELECT * FROM hook_run WHERE id = ?");
  const lastOf = db.prepare("SELECT * FROM hook_run WHERE state = 'ended' AND hook = ? ORDER BY id DESC LIMIT 1");
  const page = db.prepare(
    "SELECT * FROM hook_run WHERE id < ?1 AND (?2 IS NULL OR hook = ?2) AND (?3 = 0 OR outcome <> 'ok') ORDER BY id DESC LIMIT ?4",
  );
  const forgetOld = db.prepare(
    `DELETE FROM hook_run WHERE id IN (SELECT id FROM hook_run WHERE state = 'ended' AND (ended_at < ?1 OR id <=
       (SELECT coalesce(max(id), 0) FROM hook_run) - ?2) ORDER BY id LIMIT ?3)`,
  );
  const rows = (found: unknown): HookRunRow[] => found as HookRunRow[];
  const one = (found: unknown): HookRunRow | null => (found ?? null) as HookRunRow | null;
  return {
    /** Waiting; or, with `startedAt`, begun at once. */
    add: ({ hook, event_id: eventId, event }: NewRun, now: number, startedAt: number | null = null): number =>
      Number(
        add.run(
          hook,
          eventId,
          event,
          startedAt === null ? "waiting" : "running",
          startedAt === null ? 0 : 1,
          now,
          startedAt,
        ).lastInsertRowid,
      ),
    addDropped: ({ hook, event_id: eventId, event }: NewRun, now: number, reason: string, runs: number): number =>
      Number(addDropped.run(hook, eventId, event, now, now, reason, runs).lastInsertRowid),
    waitingOf: (hook: string) => Number(waitingOf.get(hook)?.["n"]),
    counts: () => counts.all() as unknown as { hook: string; state: "waiting" | "running"; n: number }[],
    nextWaiting: (busy: readonly string[]) => one(nextWaiting.get(JSON.stringify(busy))),
    begin: (id: number, now: number) => begin.run(now, id),
    noteProcess: (id: number, process: string) => noteProcess.run(process, id),
    /** `begun` false: the attempt does not count. */
    putBack: (id: number, begun: boolean) => putBack.run(begun ? 0 : 1, id),
    running: () => rows(running.all()),
    end: (id: number, { outcome, exit_code, signal, reason, said, reply }: HookEnd, now: number) =>
      end.run(now, outcome, exit_code, signal, reason, said, reply, id),
    forget: (id: number) => forget.run(id),
    row: (id: number) => one(byId.get(id)),
    lastOf: (hook: string) => one(lastOf.get(hook)),
    /** Newest first, from below `before`. */
    page: (before: number, hook: string | null, failedOnly: boolean, limit: number) =>
      rows(page.all(before, hook, failedOnly ? 1 : 0, limit)),
    /** Runs that are over: before a time, and all but the newest. Returns how many went. */
    forgetOld: (before: number, kept: number, limit: number) => Number(forgetOld.run(before, kept, limit).changes),
  };
}

export type HookQueries = ReturnType<typeof hookQueries>;

const prepared = new WeakMap<DatabaseSync, HookQueries>();

/** The queries of an open database, prepared once. */
export function hookQueriesOf(db: DatabaseSync): HookQueries {
  let queries = prepared.get(db);
  if (queries === undefined) {
    queries = hookQueries(db);
    prepared.set(db, queries);
  }
  return queries;
}
