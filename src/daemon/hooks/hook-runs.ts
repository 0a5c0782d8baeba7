import type { DatabaseSync } from "node:sqlite";
import type { HookCause, HookRunView } from "../../protocol/hooks-api.ts";
import type { HookSettings } from "../../protocol/hook-settings.ts";
import type { Page } from "../../protocol/local-api.ts";
import { rfc3339 } from "../../protocol/time.ts";
import type { InboxDatabase } from "../inbox/inbox-database.ts";
import type { HookResult } from "./execute-hook.ts";
import type { HookLimits } from "./hook-limits.ts";
import { hookQueriesOf, type HookRunRow, type NewRun } from "./hook-queries.ts";
import { killLeftGroup } from "./kill-left-group.ts";

const pruneChunk = 500;

/** The durable list of runs: what waits, what runs, and what became of them. */
export interface HookRuns {
  /** Of a start: what ran when the daemon was killed waits again, or ends if that has happened too often. */
  takeUp(now: number): Promise<void>;
  add(run: NewRun, now: number): Promise<void>;
  /** Marks as begun, in one commit, as many as there is room for; `running` tells how many of each hook run already. */
  begin(running: ReadonlyMap<string, number>, now: number): Promise<readonly HookRunRow[]>;
  noteProcess(id: number, print: string): Promise<void>;
  /** The daemon ends: it runs, or runs again, after the next start. `begun` false: its process was never started. */
  putBack(id: number, options: { readonly begun: boolean }): Promise<void>;
  end(
    row: Pick<HookRunRow, "id" | "hook" | "event" | "event_id" | "attempts">,
    result: HookResult,
    audit: HookSettings["audit"],
    now: number,
  ): Promise<void>;
  /** Of a run outside the list, which is over. */
  addEnded(
    hook: string,
    event: HookCause,
    result: HookResult,
    audit: HookSettings["audit"],
    now: number,
  ): Promise<number | null>;
  counts(): readonly { hook: string; state: "waiting" | "running"; n: number }[];
  lastOf(hook: string): HookRunView | null;
  page(filter: { hook: string | null; failedOnly: boolean; cursor: number | null; limit: number }): Page<HookRunView>;
  prune(now: number): Promise<number>;
}

export function createHookRuns(database: InboxDatabase, limits: HookLimits): HookRuns {
  const read = <T>(work: (queries: ReturnType<typeof hookQueriesOf>) => T): T =>
    database.read((db) => work(hookQueriesOf(db)));
  const write = <T>(work: (queries: ReturnType<typeof hookQueriesOf>, db: DatabaseSync) => T): Promise<T> =>
    database.write((db) => work(hookQueriesOf(db), db));

  return {
    takeUp: (now) =>
      write((queries, db) => {
        for (const row of queries.running()) {
          if (row.process !== null) killLeftGroup(row.process);
          if (row.attempts < limits.attemptsMax) queries.putBack(row.id, true);
          else {
            const reason = `the daemon ended ${row.attempts} times while it ran`;
            queries.end(row.id, { ...nothing, outcome: "interrupted", reason }, now);
            tellExecuted(db, now, { ...row, outcome: "interrupted", reason });
          }
        }
      }),
    add: (run, now) => write((queries) => void queries.add(run, now)),
    begin: (running, now) =>
      write((queries) => {
        const counts = new Map(running);
        const begun: HookRunRow[] = [];
        let room = limits.runningMax - [...counts.values()].reduce((sum, n) => sum + n, 0);
        for (; room > 0; room -= 1) {
          const full = [...counts].filter(([, n]) => n >= limits.runningOfOneMax).map(([hook]) => hook);
          const row = queries.nextWaiting(full);
          if (row === null) break;
          queries.begin(row.id, now);
          counts.set(row.hook, (counts.get(row.hook) ?? 0) + 1);
          begun.push({ ...row, state: "running", attempts: row.attempts + 1, started_at: now });
        }
        return begun;
      }),
    noteProcess: (id, print) => write((queries) => void queries.noteProcess(id, print)),
    putBack: (id, { begun }) => write((queries) => void queries.putBack(id, begun)),
    end: (row, result, audit, now) =>
      write((queries, db) => {
        if (audit === "failures" && isQuiet(result)) {
          queries.forget(row.id);
          return;
        }
        queries.end(row.id, shownEnd(result, audit), now);
        queries.forgetOld(now - limits.endedForMs, limits.endedMax, pruneChunk);
        tellExecuted(db, now, { ...row, ...result });
      }),
    addEnded: (hook, event, result, audit, now) =>
      write((queries, db) => {
        if (audit === "failures" && isQuiet(result)) return null;
        const id = queries.add({ hook, event_id: null, event }, now, now - (result.duration_ms ?? 0));
        queries.end(id, shownEnd(result, audit), now);
        queries.forgetOld(now - limits.endedForMs, limits.endedMax, pruneChunk);
        tellExecuted(db, now, { id, hook, event, event_id: null, attempts: 1, ...result });
        return id;
      }),
    counts: () => read((queries) => queries.counts()),
    lastOf: (hook) =>
      read((queries) => {
        const row = queries.lastOf(hook);
        return row === null ? null : hookRunView(row);
      }),
    page: ({ hook, failedOnly, cursor, limit }) =>
      read((queries) => {
        const rows = queries.page(cursor ?? Number.MAX_SAFE_INTEGER, hook, failedOnly, limit);
        return {
          items: rows.map(hookRunView),
          next_cursor: rows.length < limit ? null : String(rows.at(-1)?.id),
        };
      }),
    async prune(now) {
      let removed = 0;
      for (let chunk = pruneChunk; chunk === pruneChunk; removed += chunk)
        chunk = await write((queries) => queries.forgetOld(now - limits.endedForMs, limits.endedMax, pruneChunk));
      return removed;
    },
  };
}

const nothing = { exit_code: null, signal: null, said: null, reply: null };

function isQuiet({ outcome, reason }: HookResult): boolean {
  return outcome === "ok" && reason === null;
}

/** Without the hook's own words, unless its settings ask for them. */
function shownEnd({ outcome, exit_code, signal, reason, said, reply }: HookResult, audit: HookSettings["audit"]) {
  return { outcome, exit_code, signal, reason, reply, said: audit === "outcome" ? null : said };
}

export interface Executed {
  readonly id: number;
  readonly hook: string;
  readonly event: HookCause;
  readonly event_id: number | null;
  readonly outcome: HookResult["outcome"];
  readonly attempts?: number;
  readonly exit_code?: number | null;
  readonly signal?: string | null;
  readonly reason?: string | null;
  readonly reply?: string | null;
  readonly duration_ms?: number | null;
  readonly enforced?: boolean | null;
  readonly calls?: HookResult["calls"];
  readonly runs?: number;
}

/** Tells listeners, in the commit that says it. */
export function tellExecuted(db: DatabaseSync, now: number, executed: Executed): void {
  const { id, hook, event, event_id, outcome, attempts = 0, exit_code = null, signal = null, reason = null } = executed;
  const { reply = null, duration_ms = null, enforced = null, calls = [], runs = 1 } = executed;
  const data = {
    run_id: id,
    hook,
    called_for: event,
    event_id,
    outcome,
    exit_code,
    signal,
    reason,
    reply,
    duration_ms,
    enforced,
  };
  db.prepare("INSERT INTO event (event, at, inbox_id, data) VALUES ('hook_executed', ?, NULL, ?)").run(
    now,
    JSON.stringify({ ...data, attempts, calls, runs }),
  );
}

export function hookRunView(row: HookRunRow): HookRunView {
  const time = (at: number | null): string | null => (at === null ? null : rfc3339(at));
  return {
    run_id: row.id,
    hook: row.hook,
    event_id: row.event_id,
    event: row.event,
    state: row.state,
    attempts: row.attempts,
    queued_at: rfc3339(row.queued_at),
    started_at: time(row.started_at),
    ended_at: time(row.ended_at),
    outcome: row.outcome,
    exit_code: row.exit_code,
    signal: row.signal,
    reason: row.reason,
    said: row.said,
    reply: row.reply,
    runs: row.runs,
  };
}
