import { type ErrorCode, errorCodes } from "./error-codes.ts";

interface Told {
  readonly status: number;
  readonly retryable: boolean;
}

/** The one error type. `code` is from the closed list; `hint` names the command or field that helps. */
export class ClaudemeshError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly #told: Told;

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string; details?: Record<string, unknown>; cause?: unknown } = {},
    told: Told = errorCodes[code],
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ClaudemeshError";
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
    // Undefined for a code of a newer peer that was taken from another error.
    this.#told = told ?? { status: 500, retryable: false };
  }

  get retryable(): boolean {
    return this.#told.retryable;
  }

  /** HTTP status that this code travels as. */
  get status(): number {
    return this.#told.status;
  }

  /** The same error, which tells more. */
  withDetails(more: Readonly<Record<string, unknown>>): ClaudemeshError {
    const { hint, details } = this;
    const options = { ...(hint === undefined ? {} : { hint }), details: { ...details, ...more }, cause: this };
    return new ClaudemeshError(this.code, this.message, options, this.#told);
  }

  /**
   * A refusal by a program that is newer than this one: its code is not in the list, keeps its text and is what the
   * peer says it is. Nothing here decides by such a code; it is shown, and its user may know it.
   */
  static ofNewerPeer(
    code: string,
    message: string,
    options: { hint?: string; details?: Record<string, unknown> },
    told: Told,
  ): ClaudemeshError {
    return new ClaudemeshError(code as ErrorCode, message, options, told);
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
