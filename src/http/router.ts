import { ClaudemeshError } from "../protocol/error.ts";
import type { Route } from "./route.ts";

/** A route with its path's parameters, decoded. */
export interface RouteMatch {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds routes by path and method. A path without parameters goes before one with them. */
export interface Router {
  /** null: {@link Router.refusal} says why. */
  find(method: string, path: string): RouteMatch | null;
  /** Unknown path: not_found. Known path, other method: method_not_allowed with `details.allow`. */
  refusal(path: string): ClaudemeshError;
}

export function createRouter(routes: readonly Route[], pathsHint: string): Router {
  const exact = new Map<string, RouteMatch[]>();
  const patterns: { segments: readonly string[]; route: Route }[] = [];
  for (const route of routes) {
    if (route.path.includes("{")) patterns.push({ segments: route.path.split("/"), route });
    else exact.set(route.path, [...(exact.get(route.path) ?? []), { route, params: {} }]);
  }
  const candidates = (path: string): readonly RouteMatch[] => {
    const known = exact.get(path);
    if (known !== undefined) return known;
    const written = path.split("/");
    return patterns.flatMap(({ segments, route }) => {
      const params = fill(segments, written);
      return params === null ? [] : [{ route, params }];
    });
  };
  return {
    find: (method, path) => candidates(path).find(({ route }) => methodsOf(route).includes(method)) ?? null,
    refusal(path) {
      const found = candidates(path);
      if (found.length === 0) return new ClaudemeshError("not_found", "no such path", { hint: pathsHint });
      const allow = [...new Set(found.flatMap(({ route }) => methodsOf(route)))].join(", ");
      return new ClaudemeshError("method_not_allowed", `this path takes ${allow}`, { details: { allow } });
    },
  };
}

function methodsOf(route: Route): readonly string[] {
  return route.head ? [route.method, "HEAD"] : [route.method];
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
