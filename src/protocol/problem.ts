import { ClaudemeshError } from "./error.ts";
import { type ErrorCode, errorCodes } from "./error-codes.ts";

/** RFC 9457 problem details, as every refusal of daemon and broker travels. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly hint?: string;
  readonly retryable: boolean;
  readonly [extra: string]: unknown;
}

/** Where the page of each code is; the `type` of a problem. */
export const errorPages = "https://claudemesh.dev/errors/";

/** RFC 9457 problem details of an error; `details` become members of their own. Causes stay at home. */
export function toProblem(error: ClaudemeshError): Problem {
  return {
    ...error.details,
    type: `${errorPages}${error.code}`,
    title: error.code.replaceAll("_", " "),
    status: error.status,
    detail: error.message,
    code: error.code,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    retryable: error.retryable,
  };
}

const ownMembers = new Set(["type", "title", "status", "detail", "code", "hint", "retryable"]);

/** The error that a problem document tells of; an unknown code becomes `internal` and keeps its text. */
export function fromProblem(status: number, document: unknown): ClaudemeshError {
  if (typeof document !== "object" || document === null) {
    return new ClaudemeshError("internal", `the server answered ${status} without a problem document`);
  }
  const members = document as Record<string, unknown>;
  const code =
    typeof members["code"] === "string" && Object.hasOwn(errorCodes, members["code"])
      ? (members["code"] as ErrorCode)
      : "internal";
  const details: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(members)) if (!ownMembers.has(name)) details[name] = value;
  return new ClaudemeshError(
    code,
    typeof members["detail"] === "string" ? members["detail"] : `the server answered ${status}`,
    {
      details,
      ...(typeof members["hint"] === "string" ? { hint: members["hint"] } : {}),
    },
  );
}
