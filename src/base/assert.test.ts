import assert from "node:assert/strict";
import { test } from "node:test";
import { AssertionFailure, assert as invariant, unreachable } from "./assert.ts";

test("an invariant that holds says nothing; one that does not throws what nobody catches", () => {
  invariant(1 + 1 === 2, "arithmetic");
  assert.throws(
    () => invariant(false, "the cursor went back"),
    (error) => error instanceof AssertionFailure && error.message === "the cursor went back",
  );
});

test("the end of an exhaustive switch names the value that came there", () => {
  const broken = JSON.parse('{"state":"gone"}') as never;
  assert.throws(() => unreachable(broken), /unreachable value \{"state":"gone"\}/);
});
