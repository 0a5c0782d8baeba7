import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { limits } from "../../protocol/limits.ts";
import { type Answer, httpCall, type Target } from "../../http/http-call.fixture.ts";
import { requestBurst } from "./rate-limit.ts";
import { chunkedPost, keptCall, openStream, rawExchange, turn } from "../../http/raw-http.fixture.ts";
import { operation, type Route, stream } from "../../http/route.ts";
import { createLocalApi, type LocalApi } from "./server.ts";
import { anyJson, optional, text, truth, whole } from "../../http/shape.ts";
import { openLocalToken } from "./token.ts";

const origin = "https://allowed.example";
const answers = [{ status: 200, description: "", body: anyJson("") }];

describe("the local API's listeners", () => {
  const dir = mkdtempSync(join(tmpdir(), "cm-api-"));
  const logged: { fields: Record<string, unknown>; message: string }[] = [];
  const write = (fields: Record<string, unknown>, message: string): void => void logged.push({ fields, message });
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const held: (() => void)[] = [];
  let now = 1_000_000;
  let stored = 0;
  const routes: Route[] = [
    operation({
      name: "thingCreate",
      method: "POST",
      path: "/v1/things",
      summary: "",
      query: { dry: optional(truth()) },
      body: { name: text(), size: optional(whole(0, 9)) },
      answers,
      handle({ body }) {
        stored++;
        return { status: 200, body: { ...body } };
      },
    }),
    operation({
      name: "thing",
      method: "GET",
      path: "/v1/things/{id}",
      summary: "",
      params: { id: text() },
      answers,
      handle: ({ params }) => ({ status: 200, body: params }),
    }),
    operation({
      name: "slow",
      method: "GET",
      path: "/v1/slow",
      summary: "",
      answers,
      handle: () => new Promise((resolve) => held.push(() => resolve({ status: 200, body: {} }))),
    }),
    operation({
      name: "health",
      method: "GET",
      path: "/v1/health",
      summary: "",
      answers,
      public: true,
      handle: ({ transport }) => ({ status: 200, body: { transport } }),
    }),
    operation({
      name: "broken",
      method: "GET",
      path: "/v1/broken",
      summary: "",
      answers,
      handle: () => {
        throw new Error("the secret reason");
      },
    }),
    stream({
      name: "stream",
      path: "/v1/stream",
      summary: "",
      answers,
      open: (_call, _request, response, closed) => void response.on("close", closed).writeHead(200).write("open"),
    }),
  ];
  let api: LocalApi;
  let unix: Target;
  let tcp: Target & { port: number; token: string };

  before(async () => {
    api = createLocalApi({
      routes,
      socketPath: join(dir, "sock"),
      token: openLocalToken(dir),
      allowedOrigins: [origin],
      publicHealthCheck: false,
      clock: { ...systemClock, now: () => now },
      log,
      observe: () => {},
      announce: () => {},
      endStreams: () => {},
    });
    await api.start();
    unix = { socketPath: api.socketPath };
    tcp = { port: api.httpPort ?? 0, token: readFileSync(join(dir, "local_token"), "utf8").trim() };
  });
  after(async () => {
    await api.stop();
    rmSync(dir, { recursive: true });
  });

  const refused = (answer: Answer, status: number, code: string): void => {
    assert.equal(answer.json["code"], code, answer.text);
    assert.equal(answer.status, status);
    assert.equal(answer.headers["content-type"], "application/problem+json");
    assert.equal(answer.json["status"], status);
    assert.equal(typeof answer.json["retryable"], "boolean");
    assert.equal(answer.headers["access-control-allow-origin"], undefined);
  };
  const both = (name: string, check: (target: Target) => Promise<void>): void => {
    it(`${name} (unix socket)`, () => check(unix));
    it(`${name} (tcp)`, () => check(tcp));
  };

  it("keeps the socket and the token to this user", () => {
    assert.equal(statSync(api.socketPath).mode & 0o777, 0o600);
    assert.equal(statSync(join(dir, "local_token")).mode & 0o777, 0o600);
    assert.match(tcp.token, /^[A-Za-z0-9_-]{43}$/);
  });

  it("knows the transport from the listener", async () => {
    assert.equal((await httpCall(unix, "GET", "/v1/health")).json["transport"], "unix");
    assert.equal((await httpCall(tcp, "GET", "/v1/health")).json["transport"], "tcp");
  });

  both("answers JSON and passes parameters, encoded slashes included", async (target) => {
    const answer = await httpCall(target, "GET", "/v1/things/a%2Fb%23");
    assert.deepEqual(answer.json, { id: "a/b#" });
    assert.equal(answer.status, 200);
  });

  both("refuses what is wrong as written, each with its code, before a handler runs", async (target) => {
    const before = stored;
    const post = (body: unknown, headers?: Record<string, string>) =>
      httpCall(target, "POST", "/v1/things", { body, ...(headers === undefined ? {} : { headers }) });
    refused(await post('{"name":'), 400, "malformed_json");
    refused(await post(""), 400, "malformed_json");
    refused(await post('{"name":"a","name":"b"}'), 400, "duplicate_key");
    refused(await post('{"name":"a","size":9007199254740993}'), 400, "number_out_of_range");
    refused(await post(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), 400, "invalid_utf8");
    refused(await post('{"name":"\\ud800"}'), 400, "lone_surrogate");
    refused(await post(`{"name":${"[".repeat(200)}${"]".repeat(200)}}`), 400, "too_deep");
    refused(await post({ name: "a", nmae: "b" }), 400, "unknown_field");
    refused(await post({ size: 1 }), 400, "missing_field");
    refused(await post({ name: 1 }), 400, "invalid_field");
    refused(await post("[1]"), 400, "invalid_field");
    refused(await post("null"), 400, "invalid_field");
    refused(await post({ name: "a" }, { "content-type": "text/plain" }), 415, "unsupported_media_type");
    refused(await post({ name: "a" }, { "content-encoding": "gzip" }), 415, "unsupported_media_type");
    refused(await httpCall(target, "POST", "/v1/things?dri=true", { body: { name: "a" } }), 400, "unknown_field");
    refused(await httpCall(target, "POST", "/v1/things?dry=1", { body: { name: "a" } }), 400, "invalid_field");
    refused(await httpCall(target, "GET", "/v1/nothing"), 404, "not_found");
    refused(await httpCall(target, "GET", "/v1/things/"), 404, "not_found");
    refused(await httpCall(target, "GET", "/v1/things/%ff"), 404, "not_found");
    assert.equal(stored, before);
  });

  both("suggests the field that was meant", async (target) => {
    const answer = await httpCall(target, "POST", "/v1/things", { body: { Name: "a" } });
    assert.equal(answer.json["suggestion"], "name");
    assert.match(String(answer.json["hint"]), /`name`/);
  });

  both("answers another method with what the path takes", async (target) => {
    const answer = await httpCall(target, "DELETE", "/v1/things");
    refused(answer, 405, "method_not_allowed");
    assert.equal(answer.headers["allow"], "POST");
  });

  both("answers an 8 MiB body instead of resetting the connection", async (target) => {
    const body = JSON.stringify({ name: "x".repeat(limits.refusedBodyBytesMax - 11) });
    assert.equal(body.length, limits.refusedBodyBytesMax);
    refused(await httpCall(target, "POST", "/v1/things", { body }), 413, "body_too_large");
    refused(await httpCall(target, "POST", "/v1/things", { body: `${body} `.repeat(2) }), 413, "body_too_large");
    refused(await httpCall(target, "POST", "/v1/nothing", { body }), 404, "not_found");
  });

  both("takes a body of exactly 1 MiB and refuses one byte more, announced or not", async (target) => {
    const body = JSON.stringify({ name: "x".repeat(limits.localBodyBytesMax - 11) });
    assert.equal((await httpCall(target, "POST", "/v1/things", { body })).status, 200);
    refused(await httpCall(target, "POST", "/v1/things", { body: `${body} ` }), 413, "body_too_large");
    refused(await chunkedPost(target, `${body} `), 413, "body_too_large");
  });

  both("goes on with the connection after a refused body", async (target) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const first = await keptCall(agent, target, "POST", "/v1/things", "y".repeat(limits.localBodyBytesMax + 1));
    const second = await keptCall(agent, target, "GET", "/v1/health", "");
    agent.destroy();
    assert.deepEqual([first.status, second.status, second.reused], [413, 200, true]);
  });

  both("tells a failure of its own without its reason, and keeps serving", async (target) => {
    const answer = await httpCall(target, "GET", "/v1/broken");
    refused(answer, 500, "internal");
    assert.doesNotMatch(answer.text, /secret/);
    assert.equal((await httpCall(target, "GET", "/v1/health")).status, 200);
  });

  both("refuses a token in the query, whatever else the request carries", async (target) => {
    for (const path of ["/v1/health?token=abc", `/v1/health?x=${tcp.token}`, `/v1/nothing?access_token=${tcp.token}`]) {
      refused(await httpCall(target, "GET", path), 400, "token_in_query");
    }
    assert.ok(logged.some(({ fields }) => fields["security_event"] === "token_in_query"));
    assert.ok(!JSON.stringify(logged).includes(tcp.token));
  });

  it("needs the token on TCP, and takes it from the header alone", async () => {
    const bare = { port: tcp.port };
    refused(await httpCall(bare, "GET", "/v1/health"), 401, "unauthorized");
    refused(await httpCall({ ...bare, token: `${tcp.token}x` }, "GET", "/v1/health"), 401, "unauthorized");
    refused(
      await httpCall(bare, "GET", "/v1/health", { headers: { authorization: `Basic ${tcp.token}` } }),
      401,
      "unauthorized",
    );
    refused(await httpCall(bare, "GET", "/v1/nothing"), 401, "unauthorized");
    refused(await httpCall(bare, "POST", "/v1/things", { body: { name: "a" } }), 401, "unauthorized");
    assert.equal(
      (await httpCall(bare, "GET", "/v1/health", { headers: { authorization: `bearer ${tcp.token}` } })).status,
      200,
    );
  });

  it("refuses a Host that is not its own on TCP", async () => {
    for (const host of [
      "evil.example",
      `evil.example:${tcp.port}`,
      "127.0.0.1",
      `127.0.0.1:${tcp.port + 1}`,
      `127.0.0.1.evil.example:${tcp.port}`,
    ]) {
      refused(await httpCall(tcp, "GET", "/v1/health", { headers: { host } }), 403, "host_forbidden");
    }
    for (const host of [
      `localhost:${tcp.port}`,
      `127.0.0.1:${tcp.port}`,
      `[::1]:${tcp.port}`,
      `LOCALHOST:${tcp.port}`,
    ]) {
      assert.equal((await httpCall(tcp, "GET", "/v1/health", { headers: { host } })).status, 200);
    }
    assert.equal((await httpCall(unix, "GET", "/v1/health", { headers: { host: "whatever" } })).status, 200);
    const raw = await rawExchange(
      tcp.port,
      `GET /v1/health HTTP/1.1\r\nauthorization: Bearer ${tcp.token}\r\nconnection: close\r\n\r\n`,
    );
    assert.match(raw, /^HTTP\/1\.1 403 [\s\S]*host_forbidden/);
  });

  it("refuses origins that are not listed, and every preflight, on TCP", async () => {
    for (const from of ["https://evil.example", "null", `http://127.0.0.1:${tcp.port}`]) {
      refused(await httpCall(tcp, "GET", "/v1/health", { headers: { origin: from } }), 403, "origin_forbidden");
    }
    const allowed = await httpCall(tcp, "GET", "/v1/health", { headers: { origin } });
    assert.equal(allowed.status, 200);
    assert.equal(allowed.headers["access-control-allow-origin"], undefined);
    const headers = { origin, "access-control-request-method": "POST" };
    refused(await httpCall({ port: tcp.port }, "OPTIONS", "/v1/things", { headers }), 403, "preflight_forbidden");
    refused(await httpCall(tcp, "OPTIONS", "/v1/things", { headers: { origin } }), 403, "preflight_forbidden");
    refused(await httpCall(tcp, "OPTIONS", "/v1/things"), 405, "method_not_allowed");
  });

  it("answers what is not HTTP with a problem", async () => {
    const raw = await rawExchange(tcp.port, "NONSENSE\r\n\r\n");
    assert.match(raw, /^HTTP\/1\.1 400 [\s\S]*protocol_error/);
  });

  it("works on 64 requests at once and refuses the next, then takes new ones", async () => {
    const slow = Array.from({ length: limits.localInFlightMax }, () => httpCall(unix, "GET", "/v1/slow"));
    while (held.length < limits.localInFlightMax) await turn();
    const busy = await httpCall(unix, "GET", "/v1/health");
    refused(busy, 429, "daemon_busy");
    assert.equal(busy.headers["retry-after"], "1");
    for (const release of held.splice(0)) release();
    assert.deepEqual(new Set((await Promise.all(slow)).map((answer) => answer.status)), new Set([200]));
    assert.equal((await httpCall(unix, "GET", "/v1/health")).status, 200);
  });

  it("keeps 32 streams open and refuses the next, until one closes", async () => {
    const streams = await Promise.all(Array.from({ length: limits.localStreamsMax }, () => openStream(unix)));
    const refusedStream = await httpCall(unix, "GET", "/v1/stream");
    refused(refusedStream, 429, "too_many_streams");
    assert.equal(refusedStream.headers["retry-after"], "1");
    assert.equal((await httpCall(unix, "GET", "/v1/health")).status, 200);
    streams[0]?.destroy();
    let again: Answer | { destroy(): void } | null = null;
    while (again === null) again = await openStream(unix).catch(() => null);
    for (const stream of streams) stream.destroy();
    (again as { destroy(): void }).destroy();
  });

  it("lets a burst pass on TCP, then tells when to come back; the unix socket has no such limit", async () => {
    now += 60_000;
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const statuses = await Promise.all(
      Array.from({ length: requestBurst }, () => keptCall(agent, tcp, "GET", "/v1/health", "")),
    );
    assert.ok(statuses.every(({ status }) => status === 200));
    const over = await httpCall(tcp, "GET", "/v1/health");
    refused(over, 429, "rate_limited");
    assert.equal(over.headers["retry-after"], "1");
    assert.equal((await httpCall(unix, "GET", "/v1/health")).status, 200);
    now += 10;
    assert.equal((await httpCall(tcp, "GET", "/v1/health")).status, 200);
    refused(await httpCall(tcp, "GET", "/v1/health"), 429, "rate_limited");
    agent.destroy();
    now += 60_000;
  });
});
