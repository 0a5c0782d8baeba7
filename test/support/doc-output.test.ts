import assert from "node:assert/strict";
import { test } from "node:test";
import { differenceOf } from "./doc-output.ts";

test("ids, times, pids and addresses may differ from what a page shows; everything else may not", () => {
  const shown =
    "broker started (pid 5501)  ws://127.0.0.1:40123/v1/link\nqueued 01a214ca-e48e-72d9-ba2f-89d3f721d7c3\n";
  const actual = "broker started (pid 7)  ws://127.0.0.1:1/v1/link\nqueued 01a214ca-e667-78d5-9d37-4659a36e311c\n";
  assert.equal(differenceOf(shown, actual), null);
  assert.notEqual(differenceOf(shown, actual.replace("queued", "accepted")), null);
  assert.notEqual(differenceOf(shown, `${actual}more\n`), null);
  assert.notEqual(differenceOf("member @bob\n", "member @bobby\n"), null);
});

test("an ellipsis stands for the rest of a line, alone on a line for any lines", () => {
  assert.equal(differenceOf("a …\n…\nz\n", "a b c\nd\ne\nz\n"), null);
  assert.equal(differenceOf("a\n…\nz\n", "a\nz\n"), null);
  assert.notEqual(differenceOf("a …\nz\n", "a b\nc\nz\n"), null);
  assert.notEqual(differenceOf("a (b)*\n", "a bbb\n"), null);
});
