import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { ErrorCode } from "../../protocol/error-codes.ts";
import type { Reading, Shape } from "./shape.ts";

export type Transport = "unix" | "tcp";

/** One request as a handler sees it: parsed, checked against the route's shapes. */
export interface Call<Q extends Shape, B extends Shape> {
  /** Path parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Reading<Q>;
  readonly body: Reading<B>;
  readonly headers: IncomingHttpHeaders;
  readonly transport: Transport;
}

/** An answer. `body` is sent as JSON; `text` as it is, with its own content type. */
export type Reply =
  | { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }
  | { readonly status: number; readonly text: string; readonly contentType: string };

export interface Operation<Q extends Shape, B extends Shape> {
  readonly method: "GET" | "POST";
  /** `/v1/messages/{id}`: a parameter fills one segment. */
  readonly path: string;
  readonly summary: string;
  readonly query: Q;
  /** null: the request has no body. Else JSON; with `bodyOptional` nothing at all reads as `{}`. */
  readonly body: B | null;
  readonly bodyOptional?: boolean;
  /** Names often written by mistake, with the field that is meant. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Statuses of success. */
  readonly answers: readonly number[];
  /** Codes of refusal, beside those that every route can give (commonErrors). */
  readonly errors: readonly ErrorCode[];
  /** Served without a token when `public_health_check` is on. */
  readonly public?: boolean;
  handle(call: Call<Q, B>): Reply | Promise<Reply>;
}

export type Route = Operation<Shape, Shape> | StreamRoute;

/** A route that keeps its response open. It counts against the streams, not against the requests in flight. */
export interface StreamRoute {
  readonly method: "GET";
  readonly path: string;
  readonly summary: string;
  readonly query: Shape;
  readonly body: null;
  readonly answers: readonly number[];
  readonly errors: readonly ErrorCode[];
  readonly public?: false;
  /** Throws before the first byte, or takes the response over and calls `closed` once when it is done with it. */
  open(call: Call<Shape, Shape>, request: IncomingMessage, response: ServerResponse, closed: () => void): void;
}

/** Refusals that any route can give. */
export const commonErrors: readonly ErrorCode[] = [
  "malformed_json",
  "duplicate_key",
  "number_out_of_range",
  "invalid_utf8",
  "lone_surrogate",
  "too_deep",
  "unknown_field",
  "missing_field",
  "invalid_field",
  "token_in_query",
  "unauthorized",
  "host_forbidden",
  "origin_forbidden",
  "preflight_forbidden",
  "not_found",
  "method_not_allowed",
  "body_too_large",
  "unsupported_media_type",
  "daemon_busy",
  "rate_limited",
  "stopping",
  "internal",
];

/** Keeps the shapes' types for `handle` and forgets them for the table. */
export function operation<const Q extends Shape, const B extends Shape>(definition: Operation<Q, B>): Route {
  return definition as unknown as Route;
}

export interface RouteMatch {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds routes by path and method. Unknown path: not_found. Known path, other method: method_not_allowed with `details.allow`. */
export function createRouter(routes: readonly Route[]): { match(method: string, path: string): RouteMatch } {
  const exact = new Map<string, Route[]>();
  const patterns: { segments: readonly string[]; route: Route }[] = [];
  for (const route of routes) {
    if (route.path.includes("{")) patterns.push({ segments: route.path.split("/"), route });
    else exact.set(route.path, [...(exact.get(route.path) ?? []), route]);
  }
  return {
    match(method, path) {
      const candidates: RouteMatch[] = (exact.get(path) ?? []).map((route) => ({ route, params: {} }));
      if (candidates.length === 0) {
        const written = path.split("/");
        for (const { segments, route } of patterns) {
          const params = fill(segments, written);
          if (params !== null) candidates.push({ route, params });
        }
      }
      const found = candidates.find((candidate) => candidate.route.method === method);
      if (found !== undefined) return found;
      if (candidates.length === 0) {
        throw new ClaudemeshError("not_found", "no such path", {
          hint: "GET /v1/compat tells which API this daemon speaks",
        });
      }
      const allow = [...new Set(candidates.map((candidate) => candidate.route.method))].join(", ");
      throw new ClaudemeshError("method_not_allowed", `this path takes ${allow}`, { details: { allow } });
    },
  };
}

/** Segments are compared as written and decoded afterwards, so that an encoded slash stays inside its segment. */
function fill(segments: readonly string[], written: readonly string[]): Record<string, string> | null {
  if (segments.length !== written.length) return null;
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const value = written[index] ?? "";
    if (!segment.startsWith("{")) {
      if (segment !== value) return null;
      continue;
    }
    if (value === "") return null;
    try {
      params[segment.slice(1, -1)] = decodeURIComponent(value);
    } catch {
      return null;
    }
  }
  return params;
}
