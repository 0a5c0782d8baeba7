import assert from "node:assert/strict";
import { test } from "node:test";
import { createManualClock } from "../../../base/manual-clock.fixture.ts";
import { createTurns } from "./turns.ts";

test("work under one key is done one at a time, in the order in which it came; under another it waits for nobody", async () => {
  const turns = createTurns(createManualClock(), 100);
  const held = Promise.withResolvers<void>();
  const done: string[] = [];
  const work = (name: string) => async () => void done.push(name);
  const first = turns.take("a", async () => {
    await held.promise;
    done.push("first");
  });
  const later = [turns.take("a", work("second")), turns.take("a", work("third"))];
  await turns.take("b", work("other"));
  assert.deepEqual(done, ["other"]);
  held.resolve();
  await Promise.all([first, ...later]);
  assert.deepEqual(done, ["other", "first", "second", "third"]);
});

test("who cannot begin in time is told so, and holds up nobody behind it; work that fails ends its turn", async () => {
  const clock = createManualClock();
  const turns = createTurns(clock, 100);
  const held = Promise.withResolvers<void>();
  const first = turns.take("a", () => held.promise);
  const late = turns.take("a", async () => "never");
  clock.advance(60);
  const next = turns.take("a", async () => Promise.reject(new Error("failed")));
  clock.advance(40);
  await assert.rejects(late, { code: "store_unavailable" });
  held.resolve();
  await first;
  await assert.rejects(next, /failed/);
  assert.equal(await turns.take("a", async () => "went on"), "went on");
});
