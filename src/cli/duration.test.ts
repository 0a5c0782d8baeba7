import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration } from "./duration.ts";

test("durations are read with their unit, seconds without one", () => {
  assert.deepEqual(
    ["250ms", "1.5s", "2m", "1h", "30"].map((text) => parseDuration(text, "--timeout")),
    [250, 1_500, 120_000, 3_600_000, 30_000],
  );
});

for (const text of ["", "0", "-1s", "1d", "25h", "1e3", "soon"]) {
  test(`refused as a duration: ${JSON.stringify(text)}`, () =>
    assert.throws(() => parseDuration(text, "--timeout"), { code: "usage" }));
}
