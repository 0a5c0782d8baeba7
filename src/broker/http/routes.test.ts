import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createRouter } from "../../http/router.ts";
import { problemOf } from "../../http/checked-routes.fixture.ts";
import { errorsOf } from "../../http/route-errors.ts";
import { assertTable } from "../../http/route-table.fixture.ts";
import type { Route } from "../../http/route.ts";
import { signMembershipRead } from "../../protocol/admission.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { blobIdOf, callBlob } from "../files/blob-caller.fixture.ts";
import { storeAt } from "../store/sqlite/open-store.fixture.ts";
import { brokerFixture, call, type Fixture } from "../testing/fixture.ts";
import { newMemberOf } from "../testing/chain.ts";
import { newIdentity } from "../testing/peer.ts";
import { sealMesh, type SealedMesh } from "../testing/sealed-mesh.ts";
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
  const socket = asking({ socketPath: fixture.broker.adminSocket }, admin);
  const port = asking(portOf(fixture), pages);
  const nonce = "n".repeat(43);
  const { json: unsealed } = await fixture.admin("POST", "/v1/meshes", { slug: "unsealed" });
  const added = await socket("POST", `/v1/meshes/${String(unsealed["mesh_id"])}/members`, {
    member_id: "a".repeat(64),
    name: "alice",
  });
  const mesh = await sealMesh(fixture);
  const asked = [
    added,
    await socket("GET", "/v1/status"),
    await socket("GET", "/v1/ready"),
    await socket("POST", "/v1/meshes", { slug: "other" }),
    await socket("GET", "/v1/meshes"),
    await socket("POST", "/v1/upkeep/retention", { dry_run: true }),
    await socket("POST", "/v1/upkeep/dedupe"),
    await socket("POST", "/v1/upkeep/files"),
    await socket("POST", "/v1/upkeep/ephemeral"),
    await socket("POST", "/v1/upkeep/check"),
    await socket("POST", "/v1/upkeep/mentions"),
    await port("GET", "/healthz"),
    await port("GET", "/readyz"),
    await port("GET", "/metrics"),
    await port("GET", `/v1/broker?nonce=${nonce}`),
    ...(await joinTwice(fixture, mesh, socket, port)),
    ...(await askByKey(fixture, mesh, socket, port)),
    ...(await askForBlobs(fixture, mesh)),
    await port("GET", "/openapi.json"),
    await socket("GET", "/openapi.json"),
    await socket("POST", "/v1/shutdown"),
  ];
  const named = new Set(asked.map(([name]) => name));
  assert.deepEqual(
    [...admin, ...pages].map(({ name }) => name).filter((name) => !named.has(name)),
    [],
  );
  assert.deepEqual(
    asked.filter(([name]) => name === "join").map(([, status]) => status),
    [201, 200],
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
  assert.deepEqual(await refused("/v1/upkeep/vacuum", {}), [
    404,
    "not_found",
    "there are retention, dedupe, files, ephemeral, check, mentions",
  ]);
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

test("a slug that two ask for at once names one mesh, also where the store takes its time", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "cm-slow-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const store = storeAt(join(folder, "broker.db"));
  const both = Promise.withResolvers<void>();
  let looking = 0;
  const listMeshes: typeof store.listMeshes = async () => {
    const found = await store.listMeshes();
    looking += 1;
    // The fixture's own mesh is the first that is looked for; the two after it see the same meshes.
    if (looking === 3) both.resolve();
    if (looking === 2) await both.promise;
    return found;
  };
  const fixture = await brokerFixture(context, { store: { ...store, listMeshes } });
  const ask = () => fixture.admin("POST", "/v1/meshes", { slug: "team" });
  const asked = await Promise.all([ask(), ask()]);
  assert.deepEqual(
    asked.map(({ status }) => status),
    [200, 200],
  );
  assert.equal(new Set(asked.map(({ json }) => json["mesh_id"])).size, 1);
});

test("the public pages answer HEAD, and ignore a query", async (context) => {
  const fixture = await brokerFixture(context);
  const watched = pages.filter(({ head, tag }) => head && tag !== "files").map(({ path }) => path);
  assert.deepEqual(watched, ["/healthz", "/readyz", "/metrics"]);
  for (const path of watched) {
    const at = portOf(fixture);
    const [whole, head] = [await call(at, "GET", `${path}?probe=1`), await call(at, "HEAD", path)];
    assert.equal(whole.status, 200);
    assert.deepEqual([head.status, head.text], [200, ""], path);
    assert.equal(head.headers["content-type"], whole.headers["content-type"]);
  }
});

function portOf(fixture: Fixture): { host: string; port: number } {
  const { hostname, port } = new URL(fixture.broker.url);
  return { host: hostname, port: Number(port) };
}

type Ask = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<[name: string, status: number]>;

/** Asks, and compares the answer with the route's own description. */
function asking(where: Parameters<typeof call>[0], routes: readonly Route[]): Ask {
  return async (method, path, body, more = {}) => {
    const route = createRouter(routes, "").find(method, path.replace(/\?.*/, ""))?.route ?? assert.fail(path);
    const { status, json, text, headers } = await call(where, method, path, body, {
      "content-type": "application/json",
      ...more,
    });
    const contentType = String(headers["content-type"]);
    const reply = contentType === "application/json" ? { status, body: json } : { status, text, contentType };
    assert.equal(problemOf(route, reply), null, text);
    return [route.name, status];
  };
}

/** The chain as who runs the broker and who holds an invite read it, and the same member by the same invite. */
async function joinTwice(
  fixture: Fixture,
  { chain, invite }: SealedMesh,
  socket: Ask,
  port: Ask,
): Promise<Awaited<ReturnType<Ask>>[]> {
  const mesh = `/v1/meshes/${fixture.meshId}`;
  const key = await invite();
  const entry = chain.join(key, newMemberOf(fixture.meshId, newIdentity(), "guest"));
  const place = { mesh_id: fixture.meshId, broker_key: fixture.broker.deploymentPublicKey };
  const read = signMembershipRead(place, key.privateKey, { after: -1, at: rfc3339(fixture.clock.now()) });
  return [
    await port("POST", `${mesh}/membership`, read),
    await port("POST", `${mesh}/join`, { entries: [entry] }),
    await port("POST", `${mesh}/join`, { entries: [entry] }),
    await socket("GET", `${mesh}/membership`),
    await socket("POST", `${mesh}/membership`, { entries: [entry] }),
  ];
}

/** Putting a blob twice, and getting it. */
async function askForBlobs(fixture: Fixture, { admit }: SealedMesh): Promise<Awaited<ReturnType<Ask>>[]> {
  const alice = await admit("keeper-of-files");
  const bytes = Buffer.from("sealed");
  const blobId = blobIdOf(bytes);
  const asked: Awaited<ReturnType<Ask>>[] = [];
  for (const method of ["PUT", "PUT", "GET"] as const) {
    const answer = await callBlob(fixture, alice, { method, blobId, ...(method === "PUT" ? { bytes } : {}) });
    const route = pages.find((one) => one.tag === "files" && one.method === method) ?? assert.fail(method);
    const { status } = answer;
    const reply =
      method === "PUT"
        ? { status, body: JSON.parse(answer.bytes.toString()) as unknown }
        : { status, text: answer.bytes.toString(), contentType: String(answer.headers["content-type"]) };
    assert.equal(problemOf(route, reply), null);
    asked.push([route.name, status]);
  }
  return asked;
}

/** Every route that asks for an API key, by one of a member that is subscribed to #all, and those that look after it. */
async function askByKey(
  fixture: Fixture,
  { owner, add }: SealedMesh,
  socket: Ask,
  port: Ask,
): Promise<Awaited<ReturnType<Ask>>[]> {
  const mesh = `/v1/meshes/${fixture.meshId}`;
  await add(owner, { kind: "policy", destination: "#all", unsealed: true });
  const form = { name: "test", member: "owner", scopes: ["send", "read"] };
  const { key, key_id } = (await fixture.admin("POST", `${mesh}/api_keys`, form)).json;
  const bearer = { authorization: `Bearer ${String(key)}`, "idempotency-key": "one" };
  const message = { to: "#all", message: "hello", mentions: ["@owner"] };
  return [
    await socket("POST", `${mesh}/api_keys`, form),
    await socket("GET", `${mesh}/api_keys`),
    await port("POST", `${mesh}/messages`, message, bearer),
    await port("POST", `${mesh}/messages`, message, bearer),
    await port("GET", `${mesh}/messages/one`, undefined, bearer),
    await port("GET", `${mesh}/topics/all/messages`, undefined, bearer),
    await port("GET", `${mesh}/mentions`, undefined, bearer),
    await port("GET", `${mesh}/members`, undefined, bearer),
    await socket("POST", `${mesh}/api_keys/${String(key_id)}/revoke`),
  ];
}
