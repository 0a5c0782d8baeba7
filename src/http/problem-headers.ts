import type { ClaudemeshError } from "../protocol/error.ts";
import { type ErrorCode, errorCodes } from "../protocol/error-codes.ts";

/** Seconds that a caller is told to wait when a place, not a rate, is what was missing. */
const retryAfterSeconds = 1;

/** A header that some refusals carry. */
interface ProblemHeader {
  readonly description: string;
  readonly schema: Readonly<Record<string, unknown>>;
  carriedBy(code: ErrorCode): boolean;
  valueOf(error: ClaudemeshError): string;
}

/** What is sent and what is described, in one place. In lower case. */
export const problemHeaders: Readonly<Record<string, ProblemHeader>> = {
  allow: {
    description: "The methods that the path takes",
    schema: { type: "string" },
    carriedBy: (code) => code === "method_not_allowed",
    valueOf: ({ details }) => String(details["allow"]),
  },
  "retry-after": {
    description: "Seconds after which to try again",
    schema: { type: "integer", minimum: 1 },
    carriedBy: (code) => errorCodes[code].status === 429,
    valueOf({ details }) {
      const waitMs = details["retry_after_ms"];
      return String(typeof waitMs === "number" ? Math.max(1, Math.ceil(waitMs / 1_000)) : retryAfterSeconds);
    },
  },
  "www-authenticate": {
    description: "How to say who asks",
    schema: { type: "string", const: "Bearer" },
    carriedBy: (code) => code === "unauthorized",
    valueOf: () => "Bearer",
  },
};

/** The headers of one refusal beside those that every answer has. */
export function headersOf(error: ClaudemeshError): Record<string, string> {
  const headers: Record<string, string> = {};
  // An error may be what another host told of: what no header can hold would throw where nothing is left to answer with.
  for (const [name, header] of Object.entries(problemHeaders))
    if (header.carriedBy(error.code)) headers[name] = header.valueOf(error).replace(/[^\x20-\x7e]/g, "");
  return headers;
}
