import type { ErrorCode } from "../protocol/error-codes.ts";

/** One API: how it speaks of itself, and what it can refuse any request with, whichever route is meant. */
export interface Api {
  readonly title: string;
  /** The program that serves it, as its refusals name it. */
  readonly program: "daemon" | "broker";
  /** For whoever asks for a path that is not there. */
  readonly pathsHint: string;
  /** Code while all places for requests are taken. */
  readonly busyCode: ErrorCode;
  /** Codes of its gate, and of its stop if requests are refused by then. */
  readonly errors: readonly ErrorCode[];
}
