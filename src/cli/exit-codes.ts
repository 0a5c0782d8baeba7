import type { ClaudemeshError } from "../protocol/error.ts";
import type { ErrorCode } from "../protocol/error-codes.ts";

/** Exit codes of `claudemesh`. They are part of its interface: scripts branch on them. */
export const exitCodes = {
  /** Done, as printed. */
  ok: 0,
  /** Anything without a code of its own; standard error says what, why and what to run. */
  error: 1,
  /** The command line is wrong. */
  usage: 2,
  /** No daemon answers. Nothing was sent. */
  notRunning: 3,
  /** The id is bound to another message, or the row's state does not allow it. */
  conflict: 4,
  /** `--wait`: the stage was not reached in time. The message is on disk here and stays on its way. */
  waitTimedOut: 5,
  /** `--wait`: the message ended dead or aborted; it will not be sent. */
  neverSent: 6,
  /** The address, row or message does not exist. */
  notFound: 7,
  /** Load or a broker out of reach; the same command may work later. */
  tryLater: 8,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const;

const byErrorCode: Partial<Record<ErrorCode, number>> = {
  usage: exitCodes.usage,
  not_running: exitCodes.notRunning,
  idempotency_key_reused: exitCodes.conflict,
  row_not_requeueable: exitCodes.conflict,
  already_exists: exitCodes.conflict,
  already_running: exitCodes.conflict,
  not_found: exitCodes.notFound,
  unknown_destination: exitCodes.notFound,
};

/** The exit code that an error ends a command with. */
export function exitCodeOf(error: ClaudemeshError): number {
  return byErrorCode[error.code] ?? (error.retryable ? exitCodes.tryLater : exitCodes.error);
}
