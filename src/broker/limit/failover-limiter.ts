import { fullJitter } from "../../base/backoff.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Service } from "../../base/service.ts";
import type { BrokerMetrics } from "../metrics.ts";
import { type RedisConnection, reasonOf } from "../redis/redis-connection.ts";
import type { Limiter } from "./limiter.ts";
import type { RedisLimiter } from "./redis-limiter.ts";

export interface FailoverLimits {
  /** For Redis to decide one batch. */
  readonly limiterDeadlineMs: number;
  readonly limiterProbeBaseMs: number;
  readonly limiterProbeCapMs: number;
}

export interface FailoverParts {
  readonly redis: Pick<RedisConnection, "state" | "onChange" | "address">;
  readonly shared: RedisLimiter;
  /** Grants this broker's part of the limits. */
  readonly local: Limiter;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<BrokerMetrics, "rateLimitFallback" | "rateLimitFallbacks">;
  readonly limits: FailoverLimits;
}

type Reason = "down" | "slow" | "error";

/**
 * Limits by Redis, and in this process while Redis is down, slow or answers an error: a limiter that fails never
 * refuses a message and never fails one.
 *
 * It is in one of two states. *Shared*: every batch asks Redis; the first that is not answered in `limiterDeadlineMs`,
 * or with an error, changes the state and is itself decided here. *Fallback*: nothing asks Redis but a probe, at once
 * when the connection comes back and then at growing intervals; one that is answered in time changes the state back. A
 * probe takes all that a decision takes, so that a server without memory, or one that may not write, is not returned to.
 *
 * The two sides do not know each other's memos and budgets: what was allowed by Redis just before a change may pay once
 * more after it, and over each change a member may send up to its part of the burst anew.
 */
export function createFailoverLimiter(parts: FailoverParts): Limiter & Service {
  const { redis, shared, local, clock, log, metrics, limits } = parts;
  const range = { baseMs: limits.limiterProbeBaseMs, capMs: limits.limiterProbeCapMs };
  let state: "shared" | "fallback" = "shared";
  let attempt = 0;
  let timer: Timer | null = null;
  let probing = false;
  let stopped = false;
  let unlisten = (): void => undefined;

  function fallBack(reason: Reason, error: string): void {
    if (state === "fallback") return;
    state = "fallback";
    attempt = 0;
    metrics.rateLimitFallback.set(1);
    metrics.rateLimitFallbacks.inc({ reason });
    log.warn(
      { redis: redis.address, reason, error },
      "rates are limited by this broker alone, with its part of the limits, until Redis answers again",
    );
    probeLater();
  }

  function probeLater(): void {
    timer?.cancel();
    if (!stopped) timer = clock.after(fullJitter(attempt, range), () => void probe());
    attempt += 1;
  }

  async function probe(): Promise<void> {
    if (stopped || probing || state === "shared" || redis.state() === "down") return;
    probing = true;
    let late = false;
    const deadline = clock.after(limits.limiterDeadlineMs, () => {
      late = true;
    });
    try {
      // Without an end of its own: the connection ends one that is never answered, so at most one is under way.
      await shared.probe();
    } catch {
      late = true;
    }
    deadline.cancel();
    probing = false;
    if (stopped) return;
    if (late) return probeLater();
    state = "shared";
    metrics.rateLimitFallback.set(0);
    log.info({ redis: redis.address }, "rates are limited in Redis again");
  }

  return {
    async take(meshId, items) {
      if (state === "shared" && !stopped) {
        try {
          return await inTime(shared.take(meshId, items), limits.limiterDeadlineMs, clock);
        } catch (thrown) {
          if (thrown instanceof Late) fallBack("slow", `no answer in ${limits.limiterDeadlineMs} ms`);
          else fallBack(redis.state() === "down" ? "down" : "error", reasonOf(thrown));
        }
      }
      return local.take(meshId, items);
    },
    committed(meshId, items) {
      if (state === "shared") shared.committed(meshId, items);
      else local.committed(meshId, items);
    },
    async start() {
      unlisten = redis.onChange((now) => {
        if (now === "down") fallBack("down", "the connection ended");
        else void probe();
      });
      metrics.rateLimitFallback.set(0);
      if (redis.state() === "down") fallBack("down", "no connection at the start");
    },
    async stop() {
      stopped = true;
      unlisten();
      timer?.cancel();
      shared.stop();
    },
  };
}

class Late extends Error {}

/** Rejects with Late when `work` has not ended after `ms`; what it ends with later is of no interest. */
function inTime<T>(work: Promise<T>, ms: number, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    // This process may have been busy while the answer came in: one turn of the loop reads what lies in the socket.
    const timer = clock.after(ms, () => setImmediate(() => reject(new Late())));
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
