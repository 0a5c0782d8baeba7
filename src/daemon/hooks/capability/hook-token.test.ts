import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../protocol/limits.ts";
import { createHookToken } from "./hook-token.ts";

const now = 1_000_000;

test("a token holds for its own run alone, and no more once that has ended", () => {
  const token = createHookToken(now);
  const other = createHookToken(now);
  assert.equal(token.holds(token.text, now), true);
  assert.equal(token.holds(other.text, now), false);
  token.end();
  assert.deepEqual([token.holds(token.text, now), token.isAlive(now)], [false, false]);
  assert.equal(other.holds(other.text, now), true);
});

test("a token holds until its time is over, and no longer by a clock that was set back", () => {
  const token = createHookToken(now);
  const last = now + limits.hookTokenMs - 1;
  assert.deepEqual(
    [now, last, last + 1, now - 1].map((at) => token.holds(token.text, at)),
    [true, true, false, false],
  );
});
