import { Gauge } from "prom-client";
import type { Clock } from "../../base/clock.ts";
import { limits } from "../../protocol/limits.ts";
import type { BrokerMetrics } from "../metrics.ts";
import type { BrokerStore } from "../store/store.ts";

/** Counts what queues hold whenever metrics are read, so that a gauge never tells what was true a while ago. */
export function collectQueueCounts(parts: {
  readonly store: Pick<BrokerStore, "listMeshes" | "queues" | "countQueue">;
  readonly clock: Clock;
  readonly metrics: Pick<BrokerMetrics, "registry" | "storeErrors">;
  readonly queuesMax: number;
}): void {
  const { store, clock, metrics, queuesMax } = parts;

  async function collect(gauge: Gauge<"mesh" | "queue" | "state">): Promise<void> {
    let left = queuesMax;
    for (const { mesh_id: mesh } of await store.listMeshes()) {
      for (const { name: queue } of (await store.queues(mesh)).slice(0, left)) {
        left -= 1;
        const counts = await store.countQueue(mesh, queue, { countMax: limits.queueCountMax, now: clock.now() });
        for (const [state, count] of Object.entries(counts)) gauge.set({ mesh, queue, state }, count);
      }
    }
  }

  new Gauge({
    name: "cm_broker_queue_messages",
    help: `Messages of a queue by state, each counted up to ${limits.queueCountMax}; of the first ${queuesMax} queues.`,
    labelNames: ["mesh", "queue", "state"] as const,
    registers: [metrics.registry],
    async collect() {
      this.reset();
      try {
        await collect(this);
      } catch {
        // Metrics have to be readable above all while the store is not; its failures are counted as such.
        metrics.storeErrors.inc({ code: "store_unavailable" });
      }
    },
  });
}
