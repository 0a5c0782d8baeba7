import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Route } from "../../http/route.ts";
import { readApiKey, writeApiKey } from "../../protocol/api-key.ts";
import { newUuidV7 } from "../../protocol/ids.ts";
import { publicRoutes } from "../http/public-routes.ts";
import { call } from "../testing/fixture.ts";
import { type DirectFixture, directFixture } from "./direct.fixture.ts";

/** Who asks at these is said by signatures: of an invite, or of the member itself. */
const signed: ReadonlySet<string> = new Set(["join", "membershipRead", "blobPut", "blobHead", "blobGet"]);

/** Every other route below a mesh, from the table that is served. */
const routes = publicRoutes({} as Parameters<typeof publicRoutes>[0]).filter(
  ({ path, name }) => path.startsWith("/v1/meshes/") && !signed.has(name),
);

function ask(fixture: DirectFixture, route: Route, key: string | null): ReturnType<DirectFixture["ask"]> {
  const path = route.path.replace("/v1/meshes/{mesh_id}", "").replace("{topic}", "alerts").replace("{id}", "disk-1");
  return fixture.ask(key, route.method, path, route.body === null ? undefined : { to: "#alerts", message: "hello" });
}

test("every route of a mesh refuses without a key, with one of another mesh, mistyped, over, revoked, or too narrow", async (t) => {
  const fixture = await directFixture(t);
  assert.ok(routes.length >= 5);
  const good = await fixture.apiKey({ scopes: ["send", "read"] });
  await fixture.send(good.key, {}, "disk-1");
  const other = await fixture.admin("POST", "/v1/meshes", { slug: "other" });
  const otherMesh = String(other.json["mesh_id"]);
  await fixture.admin("POST", `/v1/meshes/${otherMesh}/members`, {
    member_id: fixture.owner.memberId,
    name: "owner",
    role: "owner",
  });
  const foreign = await fixture.admin("POST", `/v1/meshes/${otherMesh}/api_keys`, {
    name: "test",
    scopes: ["send", "read"],
  });
  const { secret } = readApiKey(good.key) ?? assert.fail();
  const short = await fixture.apiKey({ scopes: ["send", "read"], expires_in_s: 1 });
  const revoked = await fixture.apiKey({ scopes: ["send", "read"] });
  await fixture.admin("POST", `/v1/meshes/${fixture.meshId}/api_keys/${revoked.key_id}/revoke`, {});
  fixture.clock.advance(1_000);
  const wrong: Readonly<Record<string, string | null>> = {
    "without a key": null,
    "of another mesh": String(foreign.json["key"]),
    // The right secret under the other mesh's name, and the other way round.
    "renamed to another mesh": writeApiKey({ meshId: otherMesh, secret }),
    "of another mesh, renamed": writeApiKey({
      meshId: fixture.meshId,
      secret: readApiKey(String(foreign.json["key"]))?.secret ?? assert.fail(),
    }),
    mistyped: `${good.key.slice(0, -2)}AA`,
    "no key at all": "hello",
    over: short.key,
    revoked: revoked.key,
  };
  for (const route of routes) {
    assert.ok(route.tokenRequired && "handle" in route && route.admit !== undefined, `${route.name} admits nobody`);
    for (const [what, key] of Object.entries(wrong)) {
      const { status, json, headers } = await ask(fixture, route, key);
      assert.deepEqual([status, json["code"]], [401, "unauthorized"], `${route.name} ${what}`);
      assert.equal(headers["www-authenticate"], "Bearer");
      // The clock stands still: without this the address would be told to wait.
      fixture.clock.advance(1_000);
    }
    const scope =
      (await ask(fixture, route, (await fixture.apiKey({ scopes: ["send"] })).key)).status < 300 ? "send" : "read";
    const narrow = await fixture.apiKey({ scopes: [scope === "send" ? "read" : "send"] });
    const refused = await ask(fixture, route, narrow.key);
    assert.deepEqual([refused.status, refused.json["code"]], [403, "not_allowed"], route.name);
    assert.ok((await ask(fixture, route, good.key)).status < 300, route.name);
  }
});

test("a key whose member was revoked opens nothing", async (t) => {
  const fixture = await directFixture(t);
  const { key } = await fixture.apiKey({ member: "bob", scopes: ["send", "read"] });
  assert.equal((await fixture.ask(key, "GET", "/members")).status, 200);
  const { mesh, owner, bob } = fixture;
  await mesh.add(owner, { kind: "revoke", member_id: bob.memberId, through: { epoch: 1, seq: 0 } });
  for (const answer of [await fixture.send(key), await fixture.ask(key, "GET", "/members")])
    assert.deepEqual([answer.status, answer.json["code"]], [403, "not_a_member"]);
});

test("a key for some destinations neither sends to others nor reads of them", async (t) => {
  const fixture = await directFixture(t);
  await fixture.ownerLink.request<"topic_create">({ type: "topic_create", name: "plans" });
  await fixture.setUnsealed("#plans", true);
  const wide = await fixture.apiKey({ scopes: ["send", "read"] });
  const narrow = await fixture.apiKey({ scopes: ["send", "read"], destinations: ["#alerts", "#ALERTS", "queue:work"] });
  assert.deepEqual(narrow.destinations, ["#alerts", "queue:work"]);
  const mentions = [`@${fixture.owner.memberId}`];
  for (const to of ["#alerts", "#plans"]) assert.equal((await fixture.send(wide.key, { to, mentions })).status, 201);
  assert.equal((await fixture.send(narrow.key)).status, 201);
  const refused = [
    await fixture.send(narrow.key, { to: "#plans" }),
    await fixture.ask(narrow.key, "GET", "/topics/plans/messages"),
  ];
  for (const { status, json } of refused) assert.deepEqual([status, json["code"]], [403, "not_allowed"]);
  const found = async (key: string): Promise<unknown[]> =>
    ((await fixture.ask(key, "GET", "/mentions")).json["items"] as { to: string }[]).map(({ to }) => to);
  assert.deepEqual(await found(wide.key), ["#plans", "#alerts"]);
  assert.deepEqual(await found(narrow.key), ["#alerts"]);
});

test("a key that was right and is revoked, or over, is a wrong one: whoever goes on showing it has to wait", async (t) => {
  const fixture = await directFixture(t, { limits: { keyFailureRate: 0.001, keyFailureBurst: 3 } });
  const revoked = await fixture.apiKey({ scopes: ["read"] });
  const short = await fixture.apiKey({ scopes: ["read"], expires_in_s: 1 });
  const members = async ({ key }: { key: string }) => (await fixture.ask(key, "GET", "/members")).status;
  for (const key of [revoked, short]) assert.equal(await members(key), 200);
  await fixture.admin("POST", `/v1/meshes/${fixture.meshId}/api_keys/${revoked.key_id}/revoke`, {});
  fixture.clock.advance(1_000);
  const statuses: number[] = [];
  for (const key of [revoked, revoked, short, revoked, short]) statuses.push(await members(key));
  assert.deepEqual(statuses, [401, 401, 401, 429, 429]);
});

test("who shows no key, none of this mesh, or no key at all guesses nothing and keeps nobody of its address out", async (t) => {
  const fixture = await directFixture(t, { limits: { keyFailureRate: 0.001, keyFailureBurst: 2 } });
  const { key } = await fixture.apiKey({ scopes: ["read"] });
  const { secret } = readApiKey(key) ?? assert.fail();
  const foreign = writeApiKey({ meshId: newUuidV7(1), secret });
  for (const wrong of [null, "hello", foreign, null, "hello", foreign])
    assert.equal((await fixture.ask(wrong, "GET", "/members")).status, 401);
  assert.equal((await fixture.ask(key, "GET", "/members")).status, 200);
});

test("an address that shows too many wrong keys has to wait, and a key that was right lately passes meanwhile", async (t) => {
  const fixture = await directFixture(t, { limits: { keyFailureRate: 1, keyFailureBurst: 5 } });
  const [known, unknown] = [await fixture.apiKey({ scopes: ["read"] }), await fixture.apiKey({ scopes: ["read"] })];
  const members = async (key: string | null) => {
    const { status, headers } = await fixture.ask(key, "GET", "/members");
    return [status, Number(headers["retry-after"] ?? 0)];
  };
  assert.deepEqual(await members(known.key), [200, 0]);
  const wrong = `${known.key.slice(0, -4)}AAAA`;
  for (let n = 0; n < 5; n += 1) assert.deepEqual(await members(wrong), [401, 0]);
  assert.deepEqual(await members(wrong), [429, 1]);
  assert.deepEqual(await members(unknown.key), [429, 1], "a right one that was never shown waits like any other");
  assert.deepEqual(await members(known.key), [200, 0]);
  fixture.clock.advance(1_000);
  assert.deepEqual(await members(unknown.key), [200, 0]);
  assert.deepEqual(await members(wrong), [401, 0]);
  assert.deepEqual(await members(wrong), [429, 1]);
  assert.equal(await fixture.metric('cm_broker_api_key_refused_total{reason="throttled"}'), 3);
});

test("when a key was last used is noted to the hour, and no key stands anywhere but in the answer that made it", async (t) => {
  const fixture = await directFixture(t);
  const path = `/v1/meshes/${fixture.meshId}/api_keys`;
  const { key, key_id } = await fixture.apiKey({ name: "grafana", scopes: ["send", "read"] });
  const heard: string[] = [];
  const keep = <A extends { text: string }>(answer: A): A => {
    heard.push(answer.text);
    return answer;
  };
  const lastUsed = async () => {
    const { json } = await fixture.admin("GET", path);
    heard.push(JSON.stringify(json));
    return (json["items"] as { last_used_at: string | null }[])[0]?.last_used_at;
  };
  assert.equal(await lastUsed(), null);
  keep(await fixture.send(key, {}, "a"));
  const noted = await lastUsed();
  assert.equal(Date.parse(noted ?? ""), fixture.clock.now());
  fixture.clock.advance(3_599_000);
  keep(await fixture.send(key, {}, "a"));
  assert.equal(await lastUsed(), noted);
  fixture.clock.advance(1_000);
  for (const route of routes) keep(await ask(fixture, route, key));
  assert.equal(Date.parse((await lastUsed()) ?? ""), fixture.clock.now());
  keep(await fixture.send(key, { to: "#nowhere" }));
  keep(await fixture.send(`${key}x`));
  const revoked = await fixture.admin("POST", `${path}/${key_id}/revoke`, {});
  heard.push(JSON.stringify(revoked.json));
  keep(await fixture.send(key));
  const { hostname, port } = new URL(fixture.broker.url);
  keep(await call({ host: hostname, port: Number(port) }, "GET", "/metrics"));
  for (const frame of [...fixture.bobLink.frames, ...fixture.ownerLink.frames]) heard.push(JSON.stringify(frame));
  await fixture.stop();
  const { secret } = readApiKey(key) ?? assert.fail();
  const forms = [Buffer.from(secret).toString("base64url"), Buffer.from(secret).toString("hex"), "cmk_"];
  for (const form of forms) {
    for (const text of [...heard, JSON.stringify(fixture.logged)]) assert.ok(!text.includes(form), text);
  }
  for (const entry of readdirSync(fixture.dataDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const bytes = readFileSync(file);
    for (const form of [key, ...forms.slice(0, 2), Buffer.from(secret)])
      assert.equal(bytes.includes(form), false, `${file} holds the key`);
  }
});
