import type { IncomingMessage } from "node:http";
import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { ErrorCode } from "../../protocol/error-codes.ts";
import type { Gate } from "../../http/gate.ts";
import type { Transport } from "../../http/route.ts";
import { limits } from "../../protocol/limits.ts";
import { createRateLimit } from "./rate-limit.ts";
import type { LocalToken } from "./token.ts";

/** Query parameters by which tokens are commonly passed. Refused by name, whatever they hold. */
const tokenParameters = new Set([
  "token",
  "access_token",
  "local_token",
  "auth_token",
  "bearer",
  "authorization",
  "auth",
  "api_key",
  "apikey",
  "key",
]);

/** What the gates of both listeners refuse a request with. */
export const gateErrors: readonly ErrorCode[] = [
  "token_in_query",
  "unauthorized",
  "host_forbidden",
  "origin_forbidden",
  "rate_limited",
];

/** A preflight is no request of any route. */
export const gateStrayErrors: readonly ErrorCode[] = ["preflight_forbidden"];

/**
 * What a request must satisfy before it is looked at. Each listener has its own gate: trust is decided by the socket
 * that accepted the request, never by an address (host.md, "Local API").
 */
export function createGate(options: {
  readonly transport: Transport;
  readonly token: LocalToken | null;
  /** The listener's own port; null on the unix socket. */
  readonly port: () => number | null;
  /** Read at each request: it may change. */
  readonly allowedOrigins: readonly string[];
  /** Public routes need no token. Read at each request. */
  readonly publicHealthCheck: boolean;
  readonly log: Log;
}): Gate {
  const rateLimit = createRateLimit();
  let previousToldAt = Number.NEGATIVE_INFINITY;
  const holds = (candidate: string, now: number): boolean => {
    const which = options.token?.which(candidate, now) ?? null;
    // Once a change: a caller that has not heard of it may come a hundred times a second.
    if (which === "previous" && now - previousToldAt >= limits.localTokenGraceMs) {
      previousToldAt = now;
      options.log.info(
        { security_event: "previous_token_used", transport: options.transport },
        "a caller still has the token before the last change; it is refused once its minute is over",
      );
    }
    return which !== null;
  };
  const refuseTokenInQuery = (request: IncomingMessage, query: URLSearchParams, now: number): void => {
    for (const [name, value] of query) {
      if (!tokenParameters.has(name.toLowerCase()) && !holds(value, now)) continue;
      options.log.warn(
        { security_event: "token_in_query", transport: options.transport, method: request.method },
        "a token was sent in a query string and refused; rotate it if it was the real one",
      );
      throw new ClaudemeshError(
        "token_in_query",
        "a token must never stand in a query string: it ends in logs and histories",
        {
          hint: "send it as `Authorization: Bearer <token>`",
        },
      );
    }
  };
  if (options.transport === "unix")
    return { check: (request, query, _route, now) => refuseTokenInQuery(request, query, now) };

  return {
    check(request, query, route, now) {
      const { headers } = request;
      if (!isOwnHost(headers.host, options.port())) {
        throw new ClaudemeshError("host_forbidden", "the Host header does not name this listener", {
          hint: "use 127.0.0.1, localhost or [::1] with this daemon's port",
        });
      }
      if (
        request.method === "OPTIONS" &&
        (headers.origin !== undefined || headers["access-control-request-method"] !== undefined)
      ) {
        throw new ClaudemeshError("preflight_forbidden", "cross-origin preflights are refused");
      }
      if (headers.origin !== undefined && !options.allowedOrigins.includes(headers.origin)) {
        throw new ClaudemeshError("origin_forbidden", "requests from this origin are refused", {
          hint: "a browser page may only call the daemon when its origin is listed in config.toml: [local_api] allowed_origins",
        });
      }
      refuseTokenInQuery(request, query, now);
      const open = options.publicHealthCheck && route?.public === true;
      if (!open) requireToken(headers.authorization, (given) => holds(given, now));
      const waitMs = rateLimit.take(now);
      if (waitMs > 0) {
        throw new ClaudemeshError("rate_limited", "too many requests with this token", {
          hint: "use the unix socket, which has no rate limit, or wait",
          details: { retry_after_ms: waitMs },
        });
      }
    },
  };
}

function isOwnHost(host: string | undefined, port: number | null): boolean {
  if (host === undefined || port === null) return false;
  const written = host.toLowerCase();
  return written === `127.0.0.1:${port}` || written === `localhost:${port}` || written === `[::1]:${port}`;
}

/** The token that an Authorization header gives; null: none. */
export function bearerOf(authorization: string | undefined): string | null {
  return /^Bearer +([A-Za-z0-9_-]{1,256})$/i.exec(authorization ?? "")?.[1] ?? null;
}

function requireToken(authorization: string | undefined, holds: (given: string) => boolean): void {
  const given = bearerOf(authorization);
  if (given !== null && holds(given)) return;
  throw new ClaudemeshError(
    "unauthorized",
    given === null ? "this listener needs a bearer token" : "the token is not this daemon's",
    {
      hint: "send `Authorization: Bearer <token>`; the token is in the daemon's local_token file, which `claudemesh status --json` names",
    },
  );
}
