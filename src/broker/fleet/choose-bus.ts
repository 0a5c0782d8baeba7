import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { BrokerLimits } from "../broker-limits.ts";
import type { DeploymentKey } from "../deployment-key.ts";
import type { BrokerMetrics } from "../metrics.ts";
import { createRedis } from "../redis/redis-connection.ts";
import { type Bus, noBus } from "./bus.ts";
import { createRedisBus } from "./redis-bus.ts";

/** A broker with a store of its own has nobody to tell; one without Redis leaves it to the others' sweeps. */
export function chooseBus(options: {
  readonly redisUrl: string | null;
  readonly shared: boolean;
  readonly key: DeploymentKey;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: BrokerMetrics;
  readonly limits: BrokerLimits;
}): Bus {
  const { redisUrl: url, key, clock, log, limits } = options;
  if (url === null || !options.shared) return noBus;
  const connection = (name: string) => createRedis({ url, name, clock, log, limits });
  return createRedisBus({
    ...options,
    brokerId: key.brokerId,
    secret: key.positionSecret,
    publisher: connection("wake-ups"),
    subscriber: connection("hearing"),
  });
}
