import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Service } from "../../base/service.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { BrokerMetrics } from "../metrics.ts";
import type { BrokerStore } from "../store/store.ts";
import { checkJob } from "./check-job.ts";
import { dedupeJob } from "./dedupe-job.ts";
import { retentionJob } from "./retention-job.ts";

/** Work on all meshes in chunks, so that accepting goes on between two of them. */
export type UpkeepJob = (parts: UpkeepParts, how: JobOptions) => Promise<JobReport>;

export interface JobOptions {
  /** Says what would be done, and does nothing. */
  readonly dryRun: boolean;
  /** The broker stops: the job ends after its chunk. */
  readonly signal: AbortSignal;
}

/** Figures by name: rows removed or that would be, findings by kind. */
export type JobReport = Readonly<Record<string, number>>;

export interface UpkeepParts {
  readonly store: BrokerStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: BrokerMetrics;
  readonly messageRetentionDays: number;
  /** A member was left a notice. */
  noticed(meshId: string, memberId: string): void;
}

/** The jobs, how long after a start each runs first, and how often then. One line a job. */
const hourMs = 3_600_000;
const jobs = {
  retention: { run: retentionJob, firstMs: 60_000, everyMs: hourMs },
  dedupe: { run: dedupeJob, firstMs: 120_000, everyMs: hourMs },
  check: { run: checkJob, firstMs: hourMs, everyMs: 24 * hourMs },
} as const satisfies Record<string, { run: UpkeepJob; firstMs: number; everyMs: number }>;

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
  let last: Promise<unknown> = Promise.resolve();

  function run(name: JobName, dryRun: boolean): Promise<JobReport> {
    const turn = last.then(() => {
      if (stopped.signal.aborted) throw new ClaudemeshError("stopping", "The broker is stopping.");
      return jobs[name].run(parts, { dryRun, signal: stopped.signal });
    });
    last = turn.catch(() => undefined);
    return turn;
  }

  function schedule(name: JobName, delayMs: number): void {
    timers.set(
      name,
      clock.after(delayMs, () => {
        run(name, false)
          .then(
            (report) => log.info({ job: name, ...report }, "upkeep"),
            (error: unknown) =>
              log.warn({ job: name, error: String(error) }, "upkeep did not finish; it is tried again"),
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
