import type { ErrorCode } from "../protocol/error-codes.ts";
import type { Api } from "./api.ts";
import type { Route } from "./route.ts";
import type { Shape } from "./shape.ts";

const unreadableBody: readonly ErrorCode[] = [
  "malformed_json",
  "duplicate_key",
  "number_out_of_range",
  "invalid_utf8",
  "lone_surrogate",
  "too_deep",
  "body_too_large",
  "unsupported_media_type",
];

/**
 * Every code that a request of this route can be refused with: those of the API, those that follow from the route's
 * form, and its own. Another method or path is another request: method_not_allowed is nobody's.
 */
export function errorsOf(route: Route, api: Api): readonly ErrorCode[] {
  const codes: ErrorCode[] = [...api.errors, "internal"];
  codes.push("open" in route ? "too_many_streams" : api.busyCode);
  if (Object.keys(route.params).length > 0) codes.push("not_found");
  if (route.body !== null) codes.push(...unreadableBody);
  if (route.rawBody !== null) codes.push("unsupported_media_type");
  if (route.rawBody !== null && route.rawBody.bytesMax !== null) codes.push("body_too_large");
  if (route.query !== null || route.body !== null) codes.push("unknown_field", "invalid_field");
  if (Object.keys(route.headers).length > 0) codes.push("invalid_field");
  if ([route.query, route.headers, route.body].some(hasRequired)) codes.push("missing_field");
  return [...new Set([...codes, ...route.errors])].sort();
}

function hasRequired(shape: Shape | null): boolean {
  return shape !== null && Object.values(shape).some((field) => field.required);
}
