import type { Timer } from "../../base/clock.ts";
import type { Service } from "../../base/service.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { checkJob } from "./check-job.ts";
import { dedupeJob } from "./dedupe-job.ts";
import { ephemeralJob } from "./ephemeral-job.ts";
import { filesJob } from "./files-job.ts";
import { mentionsJob } from "./mentions-job.ts";
import { retentionJob } from "./retention-job.ts";
import type { JobReport, UpkeepJob, UpkeepParts } from "./upkeep-job.ts";

/** The jobs, how long after a start each runs first, and how often then; null: only when asked. One line a job. */
const hourMs = 3_600_000;
const jobs = {
  retention: { run: retentionJob, firstMs: 60_000, everyMs: hourMs },
  dedupe: { run: dedupeJob, firstMs: 120_000, everyMs: hourMs },
  files: { run: filesJob, firstMs: 180_000, everyMs: hourMs },
  ephemeral: { run: ephemeralJob, firstMs: 60_000, everyMs: 60_000 },
  check: { run: checkJob, firstMs: hourMs, everyMs: 24 * hourMs },
  mentions: { run: mentionsJob, firstMs: null, everyMs: null },
} as const satisfies Record<string, { run: UpkeepJob; firstMs: number | null; everyMs: number | null }>;

export type JobName = keyof typeof jobs;
export const jobNames = Object.keys(jobs) as readonly JobName[];

/** Keeps the store bounded and looks whether it is whole; each job on its schedule, or when asked. One at a time. */
export interface Upkeep extends Service {
  /** Rejects store_unavailable, or `stopping`. */
  run(name: JobName, dryRun: boolean): Promise<JobReport>;
}

export function createUpkeep(parts: UpkeepParts): Upkeep {
  const { clock, log } = parts;
  const timers = new Map<JobName, Timer>();
  const stopped = new AbortController();
  /** Of each job its present row of runs on schedule: when the first of them and the last ended. */
  const series = new Map<JobName, { readonly since: number; readonly last: number }>();
  let last: Promise<unknown> = Promise.resolve();

  /** A run that came so late that one is missing before it begins a new row. */
  function unbrokenSince(name: JobName): number | null {
    const known = series.get(name);
    const everyMs = jobs[name].everyMs ?? 0;
    return known === undefined || clock.now() - known.last > 2 * everyMs ? null : known.since;
  }

  function run(name: JobName, dryRun: boolean): Promise<JobReport> {
    const turn = last.then(() => {
      if (stopped.signal.aborted) throw new ClaudemeshError("stopping", "The broker is stopping.");
      return jobs[name].run(parts, { dryRun, signal: stopped.signal, unbrokenSince: unbrokenSince(name) });
    });
    last = turn.catch(() => undefined);
    return turn;
  }

  function schedule(name: JobName, delayMs: number | null): void {
    if (delayMs === null) return;
    timers.set(
      name,
      clock.after(delayMs, () => {
        if (!parts.due()) {
          series.delete(name);
          return schedule(name, jobs[name].everyMs);
        }
        run(name, false)
          .then(
            (report) => {
              const since = unbrokenSince(name);
              series.set(name, { since: since ?? clock.now(), last: clock.now() });
              // A job of every minute would fill the log with what it has not done.
              const didNothing = Object.values(report).every((figure) => figure === 0);
              log[didNothing ? "debug" : "info"]({ job: name, ...report }, "upkeep");
            },
            (error: unknown) => {
              series.delete(name);
              log.warn({ job: name, error: String(error) }, "upkeep did not finish; it is tried again");
            },
          )
          .finally(() => {
            if (!stopped.signal.aborted) schedule(name, jobs[name].everyMs);
          });
      }),
    );
  }

  return {
    run,
    async start() {
      for (const name of jobNames) schedule(name, jobs[name].firstMs);
    },
    async stop() {
      stopped.abort();
      for (const timer of timers.values()) timer.cancel();
      await last;
    },
  };
}
