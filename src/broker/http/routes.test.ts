import assert from "node:assert/strict";
import { test } from "node:test";
import { createRouter } from "../../http/router.ts";
import { problemOf } from "../../http/checked-routes.fixture.ts";
import { errorsOf } from "../../http/route-errors.ts";
import { assertTable } from "../../http/route-table.fixture.ts";
import { brokerFixture, call } from "../testing/fixture.ts";
import { adminApi, adminRoutes } from "./admin-routes.ts";
import { publicApi, publicRoutes } from "./public-routes.ts";

/** The tables are only read here; no handler runs. */
const admin = adminRoutes({} as Parameters<typeof adminRoutes>[0]);
const pages = publicRoutes({} as Parameters<typeof publicRoutes>[0]);

test("every route of the broker tells enough of itself to be described", () => {
  assertTable(admin, adminApi);
  assertTable(pages, publicApi);
  const [healthz] = pages;
  assert.ok(healthz !== undefined);
  assert.deepEqual(errorsOf(healthz, publicApi), ["internal", "rate_limited"]);
});

test("what the broker answers is what its routes describe", async (context) => {
  const fixture = await brokerFixture(context);
  const { hostname, port } = new URL(fixture.broker.url);
  const ask = async (
    where: Parameters<typeof call>[0],
    table: typeof admin,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<string> => {
    const found = createRouter(table, "").find(method, path);
    assert.ok(found !== null, path);
    const { status, json, text, headers } = await call(where, method, path, body);
    const contentType = String(headers["content-type"]);
    const reply = contentType === "application/json" ? { status, body: json } : { status, text, contentType };
    assert.equal(problemOf(found.route, reply), null, path);
    return found.route.name;
  };
  const socket = { socketPath: fixture.broker.adminSocket };
  const member = { member_id: "a".repeat(64), name: "alice" };
  const asked = [
    await ask(socket, admin, "GET", "/v1/status"),
    await ask(socket, admin, "POST", "/v1/meshes", { slug: "other" }),
    await ask(socket, admin, "GET", "/v1/meshes"),
    await ask(socket, admin, "POST", `/v1/meshes/${fixture.meshId}/members`, member),
    await ask(socket, admin, "POST", "/v1/upkeep/retention", { dry_run: true }),
    await ask(socket, admin, "POST", "/v1/upkeep/dedupe"),
    await ask(socket, admin, "POST", "/v1/upkeep/check"),
    ...(await Promise.all(pages.map(({ path }) => ask({ host: hostname, port: Number(port) }, pages, "GET", path)))),
    await ask(socket, admin, "POST", "/v1/shutdown"),
  ];
  assert.deepEqual(
    [...admin, ...pages].map(({ name }) => name).filter((name) => !asked.includes(name)),
    [],
  );
  await fixture.broker.ended;
});

test("the admin socket says what was meant, and takes a body whatever its type is said to be", async (context) => {
  const fixture = await brokerFixture(context);
  const members = `/v1/meshes/${fixture.meshId}/members`;
  const refused = async (path: string, body: unknown): Promise<unknown[]> => {
    const { status, json } = await fixture.admin("POST", path, body);
    return [status, json["code"], json["hint"]];
  };
  assert.deepEqual(await refused("/v1/meshes", { slgu: "x" }), [400, "unknown_field", "did you mean `slug`?"]);
  assert.deepEqual((await refused("/v1/upkeep/retention", { dry_run: "true" })).slice(0, 2), [400, "invalid_field"]);
  assert.deepEqual(await refused("/v1/upkeep/vacuum", {}), [404, "not_found", "there are retention, dedupe, check"]);
  assert.deepEqual((await refused("/v1/meshes/none/members", { member_id: "a".repeat(64), name: "x" })).slice(0, 2), [
    404,
    "not_found",
  ]);
  assert.deepEqual((await refused(members, { member_id: "A".repeat(64), name: "x" })).slice(0, 2), [
    400,
    "invalid_field",
  ]);
  assert.deepEqual((await refused(members, { slug: "x".repeat(70_000) })).slice(0, 2), [413, "body_too_large"]);
  const got = await fixture.admin("GET", "/v1/shutdown");
  assert.deepEqual([got.status, got.json["code"]], [405, "method_not_allowed"]);
});

test("the public pages answer HEAD, and ignore a query", async (context) => {
  const fixture = await brokerFixture(context);
  const { hostname, port } = new URL(fixture.broker.url);
  for (const { path } of pages) {
    const at = { host: hostname, port: Number(port) };
    const [whole, head] = [await call(at, "GET", `${path}?probe=1`), await call(at, "HEAD", path)];
    assert.equal(whole.status, 200);
    assert.deepEqual([head.status, head.text], [200, ""], path);
    assert.equal(head.headers["content-type"], whole.headers["content-type"]);
  }
});
