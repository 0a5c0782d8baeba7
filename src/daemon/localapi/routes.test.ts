import assert from "node:assert/strict";
import { test } from "node:test";
import { assertTable } from "../../http/route-table.fixture.ts";
import { errorsOf } from "../../http/route-errors.ts";
import { ipcFeatures } from "./about.ts";
import { apiRoutes } from "./routes.ts";
import { localApi } from "./server.ts";

/** The table is only read here; no handler runs. */
const { routes } = apiRoutes({} as Parameters<typeof apiRoutes>[0]);

test("every route of the local API tells enough of itself to be described", () => {
  assertTable(routes, localApi);
  assert.ok(routes.length >= 18);
});

test("a route lists the refusals it can give, and no others", () => {
  const of = (name: string): readonly string[] => {
    const route = routes.find((one) => one.name === name);
    assert.ok(route !== undefined, name);
    return errorsOf(route, localApi);
  };
  const any = [
    "host_forbidden",
    "internal",
    "origin_forbidden",
    "rate_limited",
    "stopping",
    "token_in_query",
    "unauthorized",
  ];
  assert.deepEqual(of("health"), [...any, "daemon_busy", "invalid_field", "unknown_field"].sort());
  assert.deepEqual(of("outboxRow"), [...of("health"), "not_found"].sort());
  assert.deepEqual(of("events"), [...any, "too_many_streams", "invalid_field", "unknown_field"].sort());
  assert.ok(of("inboxSearch").includes("missing_field") && !of("inboxList").includes("missing_field"));
  assert.ok(of("send").includes("malformed_json") && !of("send").includes("not_found"));
});

test("the API's features are named once each", () => {
  assert.equal(new Set(ipcFeatures).size, ipcFeatures.length);
});
