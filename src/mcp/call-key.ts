import { createHash } from "node:crypto";

/**
 * The idempotency key of a call that names none: of this process's nonce and the request's JSON-RPC id, never of content,
 * so that the same words said twice on purpose are two messages.
 *
 * The nonce is made when the process starts and is kept as long as it lives. A client counts its request ids from the
 * beginning for each server process that it starts: by the session of the coding agent and the id alone, the third call
 * after a reconnect would be taken for the third call before it, and lost or refused. Within one process an id is never
 * used for two requests, so one that comes again is the same request. What a client repeats to a *new* process has a new
 * id and is a new call: whoever wants that to be the same names the key, which every answer and every error that leaves
 * open what happened carries.
 */
export function derivedKey(nonce: string, requestId: string | number): string {
  const text = `${typeof requestId === "number" ? "n" : "s"}${requestId}`;
  return `mcp-${nonce}-${/^[\x21-\x7e]{1,32}$/.test(text) ? text : hashed(text)}`;
}

/** Beside a visible id no other can stand: those have at most 32 characters. */
function hashed(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
