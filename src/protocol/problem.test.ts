import assert from "node:assert/strict";
import { test } from "node:test";
import { ClaudemeshError } from "./error.ts";
import { errorCodes } from "./error-codes.ts";
import { fromProblem, toProblem } from "./problem.ts";

test("an error that travels as a problem document comes back as it was", () => {
  const error = new ClaudemeshError("idempotency_key_reused", "another request", {
    hint: "choose another id",
    details: { conflict: "outbox_done_fingerprint_mismatch" },
  });
  const back = fromProblem(409, JSON.parse(JSON.stringify(toProblem(error))));
  assert.deepEqual(
    [back.code, back.message, back.hint, back.details, back.status, back.retryable],
    [error.code, error.message, error.hint, error.details, 409, false],
  );
});

test("a code of a newer program keeps its text, and is repeated only if that program says so", () => {
  for (const retryable of [true, false]) {
    const error = fromProblem(422, { code: "moon_in_the_way", detail: "wait for it", hint: "look up", retryable });
    assert.equal(Object.hasOwn(errorCodes, error.code), false);
    assert.deepEqual(
      [error.code, error.message, error.hint, error.status, error.retryable],
      ["moon_in_the_way", "wait for it", "look up", 422, retryable],
    );
    assert.equal(toProblem(error).code, "moon_in_the_way");
  }
});

test("what is no problem document is told as that", () => {
  for (const document of [
    null,
    [],
    "x",
    7,
    {},
    { code: 7 },
    { code: "" },
    { code: "No Code" },
    { code: "x".repeat(65) },
  ])
    assert.equal(fromProblem(500, document).code, "internal");
});

test("a member named like a part of every object is a detail like any other", () => {
  const error = fromProblem(400, JSON.parse('{"code":"usage","__proto__":{"status":1},"constructor":2}'));
  assert.deepEqual(Object.keys(error.details).sort(), ["__proto__", "constructor"]);
  assert.equal((error.details as { status?: unknown }).status, undefined);
});
