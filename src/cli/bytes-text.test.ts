import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesText } from "./bytes-text.ts";

test("sizes are told in the unit in which they are short", () => {
  assert.deepEqual([0, 1, 999, 1_000, 1_234_567, 999_949_999, 999_950_000, 10_737_418_240, 5e15].map(bytesText), [
    "0 bytes",
    "1 byte",
    "999 bytes",
    "1.0 kB",
    "1.2 MB",
    "999.9 MB",
    "1.0 GB",
    "10.7 GB",
    "5000.0 TB",
  ]);
});
