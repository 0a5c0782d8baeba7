import assert from "node:assert/strict";
import { test } from "node:test";
import { ClaudemeshError } from "./error.ts";

test("a full disk is told as that, whoever found it; anything else unknown is internal", () => {
  for (const full of [{ code: "ENOSPC" }, { code: "EDQUOT" }, { code: "ERR_SQLITE_ERROR", errcode: 13 }]) {
    const error = ClaudemeshError.from(Object.assign(new Error("no room"), full));
    assert.deepEqual([error.code, error.message, error.retryable], ["store_unavailable", "no room", true]);
    assert.match(error.hint ?? "", /claudemesh doctor/);
  }
  for (const other of [{ code: "EACCES" }, { code: "ERR_SQLITE_ERROR", errcode: 10 }, {}])
    assert.equal(ClaudemeshError.from(Object.assign(new Error("x"), other)).code, "internal");
});
