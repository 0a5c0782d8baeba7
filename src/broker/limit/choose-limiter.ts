import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Service } from "../../base/service.ts";
import type { BrokerLimits } from "../broker-limits.ts";
import type { BrokerMetrics } from "../metrics.ts";
import { createRedis } from "../redis/redis-connection.ts";
import { createFailoverLimiter } from "./failover-limiter.ts";
import { createInProcessLimiter } from "./in-process-limiter.ts";
import type { Limiter } from "./limiter.ts";
import { createRedisLimiter } from "./redis-limiter.ts";

/** The limiter of a broker: shared with others where there is Redis, else in this process alone. */
export function chooseLimiter(options: {
  readonly redisUrl: string | null;
  /** Brokers that live now over the same store, this one included. */
  readonly liveBrokers: () => number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: BrokerMetrics;
  readonly limits: BrokerLimits;
}): Limiter & Service {
  const { redisUrl, clock, log, metrics, limits } = options;
  const onEvicted = (count: number): void => metrics.limiterMemoEvicted.inc(count);
  const nowUs = (): number => Math.floor(clock.now() * 1_000);
  const local = createInProcessLimiter(limits, nowUs, onEvicted, options.liveBrokers);
  if (redisUrl === null) return { ...local, start: async () => undefined, stop: async () => undefined };
  const redis = createRedis({ url: redisUrl, name: "limiter", clock, log, limits });
  const shared = createRedisLimiter({ client: redis.client, limits, clock, onEvicted });
  const limiter = createFailoverLimiter({ redis, shared, local, clock, log, metrics, limits });
  return {
    ...limiter,
    async start() {
      await redis.start();
      await limiter.start();
    },
    async stop() {
      await limiter.stop();
      await redis.stop();
    },
  };
}
