import assert from "node:assert/strict";
import { test } from "node:test";
import { changedLines } from "./changed-lines.ts";

test("the lines that come and go are shown where they stand, and those that stay are not", () => {
  const before = '{\n  "a": [\n    1\n  ],\n  "b": 2\n}\n';
  const after = '{\n  "a": [\n    1,\n    3\n  ],\n  "b": 2,\n  "c": {\n    "d": 4\n  }\n}\n';
  assert.deepEqual(changedLines(before, after), [
    "-     1",
    "+     1,",
    "+     3",
    '-   "b": 2',
    '+   "b": 2,',
    '+   "c": {',
    '+     "d": 4',
    "+   }",
  ]);
  assert.deepEqual(changedLines(null, "{\n}\n"), ["+ {", "+ }"]);
  assert.deepEqual(changedLines("{\n}\n", null), ["- {", "- }"]);
  assert.deepEqual(changedLines(after, after), []);
});

test("a change that spans a very large text is shown whole, in time", () => {
  const lines = (word: string): string => Array.from({ length: 3_000 }, (_, at) => `${word}${at}`).join("\n");
  assert.equal(changedLines(lines("a"), lines("b")).length, 6_000);
});
