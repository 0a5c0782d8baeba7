import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration } from "./duration.ts";

test("durations are read with their unit, seconds without one", () => {
  assert.deepEqual(
    ["250ms", "1.5s", "2m", "1h", "1d", "30"].map((text) => parseDuration(text, "--timeout")),
    [250, 1_500, 120_000, 3_600_000, 86_400_000, 30_000],
  );
});

for (const text of ["", "0", "-1s", "25h", "2d", "1e3", "soon"]) {
  test(`refused as a duration: ${JSON.stringify(text)}`, () =>
    assert.throws(() => parseDuration(text, "--timeout"), { code: "usage" }));
}

test("what may last longer says how long", () => {
  assert.equal(parseDuration("365d", "--expires", 365 * 86_400_000), 365 * 86_400_000);
  assert.throws(() => parseDuration("366d", "--expires", 365 * 86_400_000), { code: "usage", hint: /up to 365d$/ });
});
