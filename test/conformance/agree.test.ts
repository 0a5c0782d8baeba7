import assert from "node:assert/strict";
import { test } from "node:test";
import { agree } from "../../conformance/agree.ts";
import { checkPublished, es6Numbers, spelled } from "../../conformance/es6-numbers.ts";
import { languages } from "../../conformance/languages.ts";

test("the generated numbers are those of RFC 8785's authors, by the hashes that they publish", () => {
  assert.deepEqual(checkPublished(100_000), [
    { lines: 1_000, agrees: true },
    { lines: 10_000, agrees: true },
    { lines: 100_000, agrees: true },
  ]);
});

test("a number in another spelling is the same number", () => {
  let asked = 0;
  for (const value of es6Numbers()) {
    for (let turn = 0; turn < 6; turn += 1)
      assert.ok(Object.is(Number(spelled(value, turn)), value), spelled(value, turn));
    if (++asked === 5_000) break;
  }
});

test("5,000 numbers, 1,000 metas and 1,000 envelopes are answered alike in every language", async () => {
  const asked = languages.filter(({ missing }) => missing === null);
  assert.deepEqual(await agree(asked, { numbers: 5_000, metas: 1_000, envelopes: 1_000 }, 20260726, () => {}), []);
});
