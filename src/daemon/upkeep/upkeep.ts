import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Service } from "../../base/service.ts";
import type { Files } from "../files/files.ts";
import type { Hooks } from "../hooks/hooks.ts";
import type { OwnKeys } from "../identity/own-keys.ts";
import type { Inbox, Outbox } from "../parts.ts";

/** First run after a start, when the start's own work is over, and the time between two runs. */
const firstUpkeepMs = 60_000;
const upkeepIntervalMs = 3_600_000;

/** Keeps what is on disk bounded: rows shrink to tombstones, bodies, events, files and former keys are forgotten at their age. */
export function createUpkeep(options: {
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly files: Pick<Files, "prune">;
  readonly keys: Pick<OwnKeys, "prune">;
  readonly hooks: Pick<Hooks, "prune">;
  readonly clock: Clock;
  readonly log: Log;
}): Service {
  const { outbox, inbox, files, keys, hooks, clock, log } = options;
  let timer: Timer | null = null;
  let running: Promise<void> = Promise.resolve();
  let stopped = false;

  const run = async (): Promise<void> => {
    const jobs = [
      { name: "outbox", prune: () => outbox.prune(clock.now()) },
      { name: "inbox", prune: () => inbox.prune(clock.now()) },
      { name: "hook_runs", prune: () => hooks.prune(clock.now()) },
      { name: "files", prune: () => files.prune() },
      { name: "keypair_archive", prune: () => keys.prune().length },
    ];
    for (const { name, prune } of jobs) {
      if (stopped) return;
      try {
        const pruned = await prune();
        if (pruned > 0) log.info({ database: name, pruned }, "upkeep");
      } catch (error) {
        log.warn({ database: name, err: error }, "upkeep did not finish; it is tried again");
      }
    }
  };
  const schedule = (delayMs: number): void => {
    timer = clock.after(delayMs, () => {
      running = run().then(() => {
        if (!stopped) schedule(upkeepIntervalMs);
      });
    });
  };
  return {
    async start() {
      schedule(firstUpkeepMs);
    },
    async stop() {
      stopped = true;
      timer?.cancel();
      await running;
    },
  };
}
