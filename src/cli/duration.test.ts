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

test("a duration that is too long is told so, with the longest in the unit that reads best", () => {
  for (const [msMax, longest] of [
    [30_000, "30s"],
    [5_400_000, "90m"],
    [43_200_000, "12h"],
    [86_400_000, "24h"],
    [90 * 86_400_000, "90d"],
  ] as const)
    assert.throws(() => parseDuration("91d", "--lease", msMax), {
      code: "usage",
      message: "--lease 91d: too long",
      hint: `at most ${longest}`,
    });
  assert.throws(() => parseDuration("0s", "--lease", 30_000), { hint: /more than 0.* up to 30s$/ });
  assert.throws(() => parseDuration("soon", "--lease", 43_200_000), { message: /not a duration/, hint: /up to 12h$/ });
});

test("what may last longer says how long", () => {
  assert.equal(parseDuration("365d", "--expires", 365 * 86_400_000), 365 * 86_400_000);
  assert.throws(() => parseDuration("366d", "--expires", 365 * 86_400_000), { code: "usage", hint: "at most 365d" });
});
