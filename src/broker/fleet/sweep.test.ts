import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../../base/log.ts";
import { createManualClock } from "../../base/manual-clock.fixture.ts";
import { defaultBrokerLimits } from "../broker-limits.ts";
import type { LiveLink } from "../link/live-link.ts";
import { createLinkRegistry } from "../link/registry.ts";
import { createBrokerMetrics } from "../metrics.ts";
import type { Swept } from "../store/shared-store.ts";
import { createSweep, type SweepParts } from "./sweep.ts";

test("a link that was replaced while the sweep asked about it is not taken for the one that replaced it", async () => {
  const clock = createManualClock();
  const registry = createLinkRegistry();
  const closed: number[] = [];
  const linkOf = (linkEpoch: number): LiveLink => {
    const close = (): void => void closed.push(linkEpoch);
    return { meshId: "mesh", memberId: "member", linkEpoch, close, terminate: close } as unknown as LiveLink;
  };
  const asked = Promise.withResolvers<void>();
  const found = Promise.withResolvers<Swept>();
  const shared: SweepParts["shared"] = {
    extendLease: async () => ({ live: 1, eldest: true }),
    endLease: async () => undefined,
    linkClosed: async () => undefined,
    sweep() {
      asked.resolve();
      return found.promise;
    },
    onNewLife: () => undefined,
  };
  const store = { life: () => "life" };
  const parts = {
    store,
    registry,
    clock,
    log: silentLog,
    metrics: createBrokerMetrics(),
    limits: defaultBrokerLimits,
    shared,
  };
  const sweep = createSweep(parts as unknown as SweepParts);
  registry.set(linkOf(1));
  await sweep.start();
  clock.advance(defaultBrokerLimits.sweepMs);
  await asked.promise;
  // It went to another broker and came back here.
  registry.set(linkOf(3));
  const ended = [{ mesh_id: "mesh", member_id: "member", link_epoch: 1, revoked: false }];
  found.resolve({ heads: [], ended, owed: [], offline: [] });
  await sweep.stop();
  assert.deepEqual(closed, []);
});
