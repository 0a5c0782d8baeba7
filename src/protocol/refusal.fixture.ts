import assert from "node:assert/strict";
import { ClaudemeshError } from "./error.ts";
import type { ErrorCode } from "./error-codes.ts";

/** The code that a call refuses with. Fails when it does not refuse, or throws anything but the one error type. */
export function refusal(call: () => unknown): ErrorCode {
  return refusalError(call).code;
}

/** As {@link refusal}, with the whole error. */
export function refusalError(call: () => unknown): ClaudemeshError {
  let result: unknown;
  try {
    result = call();
  } catch (thrown) {
    if (thrown instanceof ClaudemeshError) return thrown;
    throw new assert.AssertionError({ message: `not the typed error: ${String(thrown)}`, actual: thrown });
  }
  throw new assert.AssertionError({ message: "it was not refused", actual: result });
}

/** The call's result, or the error it refused with; anything else thrown fails the test. */
export function resultOrRefusal<T>(call: () => T): T | ClaudemeshError {
  try {
    return call();
  } catch (thrown) {
    if (thrown instanceof ClaudemeshError) return thrown;
    throw new assert.AssertionError({ message: `not the typed error: ${String(thrown)}`, actual: thrown });
  }
}
