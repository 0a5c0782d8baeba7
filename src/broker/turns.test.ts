import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createTurns } from "./turns.ts";

test("never more at once than there are turns, everybody gets one in the order of asking, and none is lost", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(fc.nat(3), { maxLength: 30 }), async (max, work) => {
      const turns = createTurns(max);
      const begun: number[] = [];
      let running = 0;
      await Promise.all(
        work.map(async (steps, place) => {
          await turns.take(async () => {
            begun.push(place);
            running += 1;
            assert.ok(running <= max);
            for (let step = 0; step < steps; step += 1) await Promise.resolve();
            running -= 1;
          });
        }),
      );
      assert.deepEqual(begun, [...work.keys()]);
    }),
  );
});
