import { ClaudemeshError } from "../protocol/error.ts";

/** A refusal that says something of the request's circumstances in headers, whatever its code. */
export class HttpRefusal extends ClaudemeshError {
  /** Names in lower case, values of visible ASCII. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(error: ClaudemeshError, headers: Readonly<Record<string, string>>) {
    const { hint, details } = error;
    super(error.code, error.message, {
      ...(hint === undefined ? {} : { hint }),
      details: { ...details },
      cause: error,
    });
    this.headers = headers;
  }
}
