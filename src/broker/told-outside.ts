import { ClaudemeshError } from "../protocol/error.ts";
import type { ErrorCode } from "../protocol/error-codes.ts";

const own = "The broker's log says why.";
const told: Readonly<Partial<Record<ErrorCode, string>>> = {
  internal: `The broker failed. ${own}`,
  store_unavailable: "The broker's store does not answer now; try again.",
  store_corrupt: `The broker's store is damaged. ${own}`,
  schema_newer: `The broker's store has another schema than its program. ${own}`,
};

/**
 * An error as callers and daemons are told it. What a database or the system said of itself names hosts, users and files of
 * the broker's own network: that is for its log, which whoever tells `inner` errors writes.
 */
export function toldOutside(thrown: unknown): {
  readonly error: ClaudemeshError;
  readonly inner: ClaudemeshError | null;
} {
  const inner = ClaudemeshError.from(thrown);
  const message = told[inner.code];
  if (message === undefined) return { error: inner, inner: null };
  return { error: new ClaudemeshError(inner.code, message, { details: inner.details }), inner };
}
