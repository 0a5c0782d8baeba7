import type { ErrorCode } from "../protocol/error-codes.ts";

/** One API: how it speaks of itself, and what it can refuse any request with, whichever route is meant. */
export interface Api {
  readonly title: string;
  /** For whoever reads its description: what it is for, and what holds for all of it. */
  readonly description: string;
  /** Every way in. */
  readonly servers: readonly ApiServer[];
  /** What the bearer token is and where it is asked for; null: nobody is asked for one. */
  readonly token: string | null;
  /** The program that serves it, as its refusals name it. */
  readonly program: "daemon" | "broker";
  /** For whoever asks for a path that is not there. */
  readonly pathsHint: string;
  /** Code while all places for requests are taken. */
  readonly busyCode: ErrorCode;
  /** Codes of its gate, and of its stop if requests are refused by then. */
  readonly errors: readonly ErrorCode[];
  /** What a request of no route is refused with, beside those that every API has. */
  readonly strayErrors: readonly ErrorCode[];
}

/** A way in, as an OpenAPI server: the parts in braces are `variables`. */
export interface ApiServer {
  readonly url: string;
  readonly description: string;
  readonly variables?: Readonly<Record<string, { readonly default: string; readonly description: string }>>;
}
