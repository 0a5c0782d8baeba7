import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultBackoff, fullJitter } from "./backoff.ts";

const almostOne = () => 1 - Number.EPSILON;

test("the bound of the delay doubles with each attempt until the cap", () => {
  const bounds = [0, 1, 2, 3].map((attempt) => fullJitter(attempt, { baseMs: 100, capMs: 500 }, almostOne));
  assert.deepEqual(bounds, [99, 199, 399, 499]);
});

test("any delay from none to the bound is possible", () => {
  assert.equal(
    fullJitter(3, defaultBackoff, () => 0),
    0,
  );
  assert.equal(
    fullJitter(3, defaultBackoff, () => 0.5),
    2_000,
  );
});

test("thousands of failed attempts still wait no longer than the cap", () => {
  assert.equal(fullJitter(5_000, defaultBackoff, almostOne), defaultBackoff.capMs - 1);
});
