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

/**
 * The error that a problem document tells of. A code that this program does not know keeps its text, and is repeated if
 * the document says so; what is no problem document is `internal`.
 */
export function fromProblem(status: number, document: unknown): ClaudemeshError {
  if (!isProblem(document))
    return new ClaudemeshError("internal", `the server answered ${status} without a problem document`);
  const { code, detail, hint } = document;
  const details = Object.fromEntries(Object.entries(document).filter(([name]) => !ownMembers.has(name)));
  const message = typeof detail === "string" ? detail : `the server answered ${status}`;
  const options = { details, ...(typeof hint === "string" ? { hint } : {}) };
  if (Object.hasOwn(errorCodes, code)) return new ClaudemeshError(code as ErrorCode, message, options);
  return ClaudemeshError.ofNewerPeer(code, message, options, { status, retryable: document["retryable"] === true });
}

/** Whether a document is one: an object that names a code. */
export function isProblem(document: unknown): document is { readonly code: string; readonly [name: string]: unknown } {
  if (typeof document !== "object" || document === null || !("code" in document)) return false;
  return typeof document.code === "string" && codeForm.test(document.code);
}

const codeForm = /^[a-z][a-z0-9_]{0,63}$/;
