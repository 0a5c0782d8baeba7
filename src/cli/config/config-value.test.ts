import assert from "node:assert/strict";
import { test } from "node:test";
import { ClaudemeshError } from "../../protocol/error.ts";
import { readValue } from "./config-value.ts";

const key = (accepts: (value: unknown) => boolean) => ({
  key: "a.b",
  help: "h",
  takes: "something else",
  default: null,
  live: false,
  accepts,
});

test("the key decides what the words mean", () => {
  assert.equal(
    readValue(
      key((value) => typeof value === "number"),
      ["2_000"],
    ),
    2_000,
  );
  assert.equal(
    readValue(
      key((value) => typeof value === "string"),
      ["2000"],
    ),
    "2000",
  );
  assert.equal(
    readValue(
      key((value) => typeof value === "boolean"),
      ["false"],
    ),
    false,
  );
  assert.deepEqual(readValue(key(Array.isArray), ["a"]), ["a"]);
  assert.deepEqual(readValue(key(Array.isArray), ["a", "b"]), ["a", "b"]);
  assert.deepEqual(readValue(key(Array.isArray), ["[]"]), []);
  assert.deepEqual(readValue(key(Array.isArray), ['["a", "b c"]']), ["a", "b c"]);
});

test("what the key does not accept is refused with what it takes", () => {
  assert.throws(
    () =>
      readValue(
        key(() => false),
        ["x"],
      ),
    (error) =>
      error instanceof ClaudemeshError && error.code === "usage" && /must be something else/.test(error.message),
  );
});
