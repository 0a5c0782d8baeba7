import assert from "node:assert/strict";
import { test } from "node:test";
import { definitions, wrap } from "./wrap.ts";

test("text wraps at the width, and a word longer than it stays whole", () => {
  assert.deepEqual(wrap("one two three", 7), ["one two", "three"]);
  assert.deepEqual(wrap("one two", 5, "  "), ["  one", "  two"]);
  assert.deepEqual(wrap("a unbreakable b", 5), ["a", "unbreakable", "b"]);
  assert.deepEqual(wrap("", 10), []);
});

test("explanations stand beside their terms and wrap in their own column", () => {
  assert.deepEqual(
    definitions(
      [
        ["--a", "one two"],
        ["--long", "three"],
      ],
      14,
    ),
    ["  --a     one", "          two", "  --long  three"],
  );
});

test("a very long term does not move the others' explanations", () => {
  const term = "x".repeat(40);
  assert.deepEqual(
    definitions(
      [
        ["a", "b"],
        [term, "c"],
      ],
      100,
    ),
    ["  a  b", `  ${term}`, "     c"],
  );
});
