import assert from "node:assert/strict";
import { test } from "node:test";
import { createManualClock } from "../../base/manual-clock.fixture.ts";
import { createForgets } from "./forgets.ts";

function fixture(batchesMax: number) {
  const clock = createManualClock();
  const forgotten: string[] = [];
  const forgets = createForgets({
    clock,
    delayMs: 100,
    batchesMax,
    forget: (meshId, memos) => void forgotten.push(`${meshId} ${memos.join(" ")}`),
  });
  return { clock, forgotten, forgets };
}

test("what is committed is forgotten after one delay at the earliest and two at the latest", () => {
  const { clock, forgotten, forgets } = fixture(10);
  forgets.add("mesh", ["a", "b"]);
  clock.advance(99);
  forgets.add("mesh", ["c"]);
  clock.advance(1);
  forgets.add("other", ["d"]);
  assert.deepEqual(forgotten, []);
  clock.advance(100);
  assert.deepEqual(forgotten, ["mesh a b", "mesh c"]);
  clock.advance(100);
  assert.deepEqual(forgotten.slice(2), ["other d"]);
  clock.advance(1_000);
  forgets.add("mesh", ["e"]);
  clock.advance(200);
  assert.deepEqual(forgotten.slice(3), ["mesh e"]);
});

test("too many that wait: the oldest give way", () => {
  const { clock, forgotten, forgets } = fixture(3);
  forgets.add("mesh", ["1"]);
  clock.advance(100);
  for (const memo of ["2", "3", "4", "5"]) forgets.add("mesh", [memo]);
  clock.advance(200);
  assert.deepEqual(forgotten, ["mesh 3", "mesh 4", "mesh 5"]);
});

test("once stopped, nothing is forgotten any more and nothing waits", () => {
  const { clock, forgotten, forgets } = fixture(3);
  forgets.add("mesh", ["1"]);
  forgets.stop();
  forgets.add("mesh", ["2"]);
  clock.advance(1_000);
  assert.deepEqual(forgotten, []);
});
