import assert from "node:assert/strict";
import { test } from "node:test";
import { ClaudemeshError } from "../protocol/error.ts";
import { exitCodeOf, exitCodes, exitCodeTable } from "./exit-codes.ts";

test("exit codes are the fixed ones, each with one sentence", () => {
  assert.deepEqual(exitCodes, {
    ok: 0,
    error: 1,
    usage: 2,
    notRunning: 3,
    conflict: 4,
    waitTimedOut: 5,
    neverSent: 6,
    notFound: 7,
    tryLater: 8,
    waitAccepted: 9,
    waitDelivered: 10,
    waitInjected: 11,
    interrupted: 130,
  });
  for (const { says } of Object.values(exitCodeTable)) assert.match(says, /^[A-Z][^\n]*\.$/);
});

test("an error ends a command by its code, and by whether trying again helps", () => {
  for (const [code, expected] of [
    ["invalid_destination", 2],
    ["not_running", 3],
    ["idempotency_key_reused", 4],
    ["unknown_destination", 7],
    ["broker_unreachable", 8],
    ["body_too_large", 1],
  ] as const)
    assert.equal(exitCodeOf(new ClaudemeshError(code, "")), expected, code);
});
