import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { silentLog } from "../../base/log.ts";
import { createManualClock } from "../../base/manual-clock.fixture.ts";
import { defaultBrokerLimits } from "../broker-limits.ts";
import { createBrokerMetrics } from "../metrics.ts";
import { openSqliteStore } from "../store/sqlite/open-store.fixture.ts";
import { bench, day, item } from "../store/store-bench.fixture.ts";
import type { BrokerStore } from "../store/store.ts";
import { createUpkeep } from "./upkeep.ts";

const count = 1_100;

/** A store full of what is due, whose calls note how often the event loop had turned when they were made. */
async function overdue(t: TestContext) {
  const { store, meshId, alice, bob } = await bench(t, openSqliteStore);
  const items = Array.from({ length: count }, () => item(meshId, alice, bob));
  await store.accept(meshId, items, 1);
  const clock = createManualClock();
  clock.jump(400 * day);
  let turns = 0;
  let watching = true;
  const turn = (): void => {
    turns += 1;
    if (watching) setImmediate(turn);
  };
  setImmediate(turn);
  t.after(() => {
    watching = false;
  });
  const calls: number[] = [];
  const noted = <A extends unknown[], R>(method: (...args: A) => R) => {
    return (...args: A): R => {
      calls.push(turns);
      return method(...args);
    };
  };
  const watched: BrokerStore = {
    ...store,
    expireMessages: noted(store.expireMessages),
    expireDedupe: noted(store.expireDedupe),
    checkConsistency: noted(store.checkConsistency),
  };
  const upkeep = createUpkeep({
    store: watched,
    blobStore: null,
    limits: defaultBrokerLimits,
    clock,
    log: silentLog,
    metrics: createBrokerMetrics(),
    messageRetentionDays: 30,
    due: () => true,
    noticed: () => undefined,
    expired: () => undefined,
  });
  t.after(() => upkeep.stop());
  return { upkeep, calls };
}

/** No two chunks in one turn: links are read and batches accepted between any two. */
function assertTurnsBetween(calls: number[]): void {
  assert.ok(calls.length >= 3, `${calls.length} chunks`);
  assert.equal(new Set(calls).size, calls.length, `chunks in the turns ${calls.join(", ")}`);
}

for (const dryRun of [false, true])
  test(`retention lets everything else go on between two chunks${dryRun ? ", also when it only counts" : ""}`, async (t) => {
    const { upkeep, calls } = await overdue(t);
    assert.equal((await upkeep.run("retention", dryRun))["messages"], count);
    assertTurnsBetween(calls);
  });

test("the expiry of dedupe records lets everything else go on between two chunks", async (t) => {
  const { upkeep, calls } = await overdue(t);
  await upkeep.run("retention", false);
  calls.length = 0;
  assert.deepEqual(await upkeep.run("dedupe", false), { records: count });
  assertTurnsBetween(calls);
});
