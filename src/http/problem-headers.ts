import type { ClaudemeshError } from "../protocol/error.ts";
import { type ErrorCode, errorCodes } from "../protocol/error-codes.ts";
import { HttpRefusal } from "./http-refusal.ts";

/** Seconds that a caller is told to wait when a place, not a rate, is what was missing. */
const retryAfterSeconds = 1;

/** Refusals of a state that passes by itself; where it is known how long that takes, they say it. */
const passing: ReadonlySet<ErrorCode> = new Set(["store_unavailable", "stopping"]);

/** A header that some refusals carry. */
interface ProblemHeader {
  readonly description: string;
  readonly schema: Readonly<Record<string, unknown>>;
  carriedBy(code: ErrorCode): boolean;
  /** Not every refusal with that code has it. */
  sometimes(code: ErrorCode): boolean;
  /** null: this one has it not. */
  valueOf(error: ClaudemeshError): string | null;
}

/** What is sent and what is described, in one place. In lower case. */
export const problemHeaders: Readonly<Record<string, ProblemHeader>> = {
  allow: {
    description: "The methods that the path takes",
    schema: { type: "string" },
    carriedBy: (code) => code === "method_not_allowed",
    sometimes: () => false,
    valueOf: ({ details }) => String(details["allow"]),
  },
  "retry-after": {
    description: "Seconds after which to try again",
    schema: { type: "integer", minimum: 1 },
    carriedBy: (code) => errorCodes[code].status === 429 || passing.has(code),
    sometimes: (code) => passing.has(code),
    valueOf({ code, details }) {
      const waitMs = details["retry_after_ms"];
      if (typeof waitMs === "number") return String(Math.max(1, Math.ceil(waitMs / 1_000)));
      return passing.has(code) ? null : String(retryAfterSeconds);
    },
  },
  "www-authenticate": {
    description: "How to say who asks",
    schema: { type: "string", const: "Bearer" },
    carriedBy: (code) => code === "unauthorized",
    sometimes: () => false,
    valueOf: () => "Bearer",
  },
};

/** The headers of one refusal beside those that every answer has. */
export function headersOf(error: ClaudemeshError): Record<string, string> {
  const headers: Record<string, string> = {};
  // An error may be what another host told of: what no header can hold would throw where nothing is left to answer with.
  for (const [name, header] of Object.entries(problemHeaders)) {
    const value = header.carriedBy(error.code) ? header.valueOf(error) : null;
    if (value !== null) headers[name] = value.replace(/[^\x20-\x7e]/g, "");
  }
  return error instanceof HttpRefusal ? { ...headers, ...error.headers } : headers;
}
