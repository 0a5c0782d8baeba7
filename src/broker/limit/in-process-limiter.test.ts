import assert from "node:assert/strict";
import { test } from "node:test";
import { createInProcessLimiter } from "./in-process-limiter.ts";
import { limitItem, limiterSuite, smallAmounts } from "./limiter-suite.fixture.ts";

limiterSuite("in process", async () => (limits) => {
  const state = { nowUs: 1_000_000_000_000, evicted: 0 };
  const limiter = createInProcessLimiter(
    limits,
    () => state.nowUs,
    (count) => {
      state.evicted += count;
    },
  );
  return { limiter, meshId: "mesh", state };
});

test("several brokers without Redis grant their parts of the limits, and the whole to one that is left", async () => {
  const state = { nowUs: 1_000_000_000_000, brokers: 4 };
  const limiter = createInProcessLimiter(
    { ...smallAmounts, memberBurst: 8, meshBurst: 40, meshRate: 1_000 },
    () => state.nowUs,
    () => undefined,
    () => state.brokers,
  );
  let serial = 0;
  const passed = async (): Promise<number> => {
    const items = Array.from({ length: 50 }, () => limitItem(`i${serial++}`));
    return (await limiter.take("mesh", items)).filter(({ kind }) => kind === "allowed").length;
  };
  assert.equal(await passed(), 2);
  // A quarter of ten a second: one in 400 ms.
  state.nowUs += 400_000;
  assert.equal(await passed(), 1);
  state.brokers = 1;
  state.nowUs += 10_000_000;
  assert.equal(await passed(), 8);
});
