import assert from "node:assert/strict";
import { test } from "node:test";
import { oneLine, printable } from "./printable.ts";

test("control sequences from elsewhere are shown, not obeyed", () => {
  assert.equal(printable("a\u001b[2Jb\rc\u009bd\u202ee\tf\ng"), "a\\x1b[2Jb\\x0dc\\x9bd\\u202ee\tf\ng");
});

test("a line is cut to its width", () => {
  assert.equal(oneLine("one\n  two three", 9), "one two …");
});
