import { type ErrorCode, errorCodes } from "./error-codes.ts";

/** The one error type. `code` is from the closed list; `hint` names the command or field that helps. */
export class ClaudemeshError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string; details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ClaudemeshError";
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }

  get retryable(): boolean {
    return errorCodes[this.code].retryable;
  }

  /** HTTP status that this code travels as. */
  get status(): number {
    return errorCodes[this.code].status;
  }

  /** An error that a peer told of; a code this program does not know becomes `internal` and keeps its text. */
  static fromWire(
    code: string,
    message: string,
    details: Record<string, unknown> | Readonly<Record<string, unknown>>,
  ): ClaudemeshError {
    const known = Object.hasOwn(errorCodes, code) ? (code as ErrorCode) : "internal";
    return new ClaudemeshError(known, message, { details: { ...details } });
  }

  /** Wraps whatever was thrown; a ClaudemeshError passes unchanged, and a full disk is told as what it is. */
  static from(thrown: unknown, code: ErrorCode = "internal"): ClaudemeshError {
    if (thrown instanceof ClaudemeshError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    if (isDiskFull(thrown)) {
      return new ClaudemeshError("store_unavailable", message, {
        hint: "make room; claudemesh doctor says how much is free",
        cause: thrown,
      });
    }
    return new ClaudemeshError(code, message, { cause: thrown });
  }
}

const sqliteFull = 13;

/** As the system says it, or SQLite. */
function isDiskFull(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  if ("errcode" in thrown) return (Number(thrown.errcode) & 0xff) === sqliteFull;
  return "code" in thrown && (thrown.code === "ENOSPC" || thrown.code === "EDQUOT");
}
