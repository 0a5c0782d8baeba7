import assert from "node:assert/strict";
import { once } from "node:events";
import type { Server } from "node:http";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { generate } from "selfsigned";
import { type Clock, systemClock } from "../base/clock.ts";
import { silentLog } from "../base/log.ts";
import { createManualClock } from "../base/manual-clock.fixture.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { Api } from "./api.ts";
import { httpCall } from "./http-call.fixture.ts";
import { createHttpServer, createLoad, type Listener, type RequestHost } from "./http-server.ts";
import { closer, listenTcp } from "./listen-tcp.ts";
import { rawExchange } from "./raw-http.fixture.ts";
import { operation, type Places, type RequestHead, type Route } from "./route.ts";
import { createRouter } from "./router.ts";
import { anyJson, described, inPath, optional, text, whole } from "./shape.ts";

const api: Api = {
  title: "things",
  description: "Things",
  servers: [],
  token: null,
  program: "broker",
  pathsHint: "GET /things",
  busyCode: "rate_limited",
  errors: [],
  strayErrors: [],
};
const answers = [{ status: 200, description: "what was read", body: anyJson("") }];

test("a route reads its parameters and headers by their shapes; what cannot be a parameter names nothing", async (context) => {
  const missing = () => new ClaudemeshError("not_found", "there is no such thing");
  const port = await serve(context, [
    operation({
      name: "thing",
      method: "GET",
      path: "/things/{id}",
      summary: "One",
      params: { id: inPath(described(whole(1, 99), "its number"), missing) },
      headers: { "if-thing": optional(text({ charsMax: 4 })) },
      answers,
      handle: ({ params, headers }) => ({ status: 200, body: { ...params, ...headers } }),
    }),
  ]);
  const get = (path: string, headers: Record<string, string> = {}) => httpCall({ port }, "GET", path, { headers });
  assert.deepEqual((await get("/things/7", { "if-thing": "blue", other: "x" })).json, { id: 7, "if-thing": "blue" });
  assert.equal((await get("/things/7", { "if-thing": "purple" })).json["code"], "invalid_field");
  for (const id of ["0", "07", "100", "x", "1.0", "%31x"])
    assert.equal((await get(`/things/${id}`)).json["detail"], "there is no such thing", id);
  assert.deepEqual((await get("/nothing")).json["hint"], "GET /things");
});

test("HEAD is answered where a route has it, and a query is ignored where the route has none", async (context) => {
  const page = { method: "GET", summary: "A page", answers, handle: () => ({ status: 200, body: [1] }) } as const;
  const port = await serve(context, [
    operation({ ...page, name: "open", path: "/open", head: true, query: null }),
    operation({ ...page, name: "strict", path: "/strict" }),
  ]);
  const head = await httpCall({ port }, "HEAD", "/open?a=1&a=2");
  assert.deepEqual([head.status, head.text, head.headers["content-length"]], [200, "", "3"]);
  assert.equal((await httpCall({ port }, "HEAD", "/strict")).headers["allow"], "GET");
  assert.equal((await httpCall({ port }, "POST", "/open")).headers["allow"], "GET, HEAD");
  assert.equal((await httpCall({ port }, "GET", "/strict?a=1")).json["code"], "unknown_field");
  const whole = await rawExchange(
    port,
    "GET http://thing.example/open?x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
  );
  assert.match(whole, /^HTTP\/1\.1 200 /);
});

test("without a gate a request needs a Host, and with `requireJsonType` a body needs its type", async (context) => {
  const routes = [
    operation({
      name: "put",
      method: "POST",
      path: "/things",
      summary: "Make one",
      body: { name: text() },
      answers,
      handle: ({ body }) => ({ status: 200, body }),
    }),
  ];
  const strict = await serve(context, routes);
  const lenient = await serve(context, routes, { requireJsonType: false });
  assert.match(await rawExchange(strict, "GET /things HTTP/1.1\r\nconnection: close\r\n\r\n"), /^HTTP\/1\.1 400 /);
  const post = async (port: number, headers: Record<string, string>) =>
    (await httpCall({ port }, "POST", "/things", { body: { name: "a" }, headers })).status;
  assert.equal(await post(strict, {}), 200);
  assert.equal(await post(strict, { "content-type": "text/plain" }), 415);
  assert.equal(await post(lenient, { "content-type": "text/plain" }), 200);
  assert.equal(await post(lenient, { "content-encoding": "gzip" }), 415);
});

test("a field of every object is unknown like any other, and no meaning is made up for it", async (context) => {
  const port = await serve(context, [
    operation({
      name: "put",
      method: "POST",
      path: "/things",
      summary: "Make one",
      body: { name: text() },
      aliases: { title: "name" },
      answers,
      handle: ({ body }) => ({ status: 200, body }),
    }),
  ]);
  const hint = async (body: string) => (await httpCall({ port }, "POST", "/things", { body })).json["hint"];
  assert.equal(await hint('{"title":"a"}'), "did you mean `name`?");
  for (const field of ["constructor", "__proto__", "toString"])
    assert.equal(await hint(`{"${field}":1}`), "known: name", field);
});

test("what a refusal from elsewhere says of a header is sent as far as a header can hold it", async (context) => {
  const port = await serve(context, [
    operation({
      name: "forwarded",
      method: "GET",
      path: "/forwarded",
      summary: "Refused by somebody else",
      answers,
      handle: () => {
        throw ClaudemeshError.fromWire("method_not_allowed", "no", { allow: "GET\r\nset-cookie: a=b\u0000\u2028" });
      },
    }),
  ]);
  const { status, headers, json } = await httpCall({ port }, "GET", "/forwarded");
  assert.deepEqual([status, headers["allow"], headers["set-cookie"]], [405, "GETset-cookie: a=b", undefined]);
  assert.equal(json["code"], "method_not_allowed");
});

test("a refusal from elsewhere that cannot be written is answered as a failure, and ends nothing", async (context) => {
  const deep: unknown = JSON.parse("[".repeat(100_000) + "]".repeat(100_000));
  const port = await serve(context, [
    operation({
      name: "forwarded",
      method: "GET",
      path: "/forwarded",
      summary: "Refused by somebody else",
      answers,
      handle: () => {
        throw ClaudemeshError.fromWire("not_found", "no", { deep });
      },
    }),
  ]);
  const { status, json } = await httpCall({ port }, "GET", "/forwarded");
  assert.deepEqual([status, json["code"]], [500, "internal"]);
});

test("requests beyond the limit are refused with the API's own code, in its own name", async (context) => {
  const begun = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const port = await serve(context, [
    operation({
      name: "slow",
      method: "GET",
      path: "/slow",
      summary: "Waits",
      answers,
      async handle() {
        begun.resolve();
        await held.promise;
        throw new Error("a secret");
      },
    }),
  ]);
  const first = httpCall({ port }, "GET", "/slow");
  await begun.promise;
  const second = await httpCall({ port }, "GET", "/slow");
  assert.deepEqual([second.status, second.json["code"], second.headers["retry-after"]], [429, "rate_limited", "1"]);
  held.resolve();
  const { status, json } = await first;
  assert.deepEqual([status, json["detail"]], [500, "the broker failed to answer this request"]);
});

test("a listener that is given up twice closes once, with whoever is connected", async () => {
  const server = createHttpServer(hostOf([]), listenerOf({}));
  const close = closer(server);
  await close();
  await listenTcp(server, "127.0.0.1", 0);
  const closed = once(server, "close");
  await Promise.all([close(), close(), closed]);
});

test("whoever is refused before there is a request does not keep the connection by never closing its own half", async (context) => {
  const server = createHttpServer(hostOf([]), listenerOf({}));
  const port = await listening(context, server);
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const silent = connect({ port, host: "127.0.0.1", allowHalfOpen: true }, () => silent.write("no request\r\n\r\n"));
  context.after(() => silent.destroy());
  const [socket] = await accepted;
  const [answer] = (await once(silent, "data")) as [Buffer];
  assert.match(String(answer), /^HTTP\/1\.1 400 .*"code":"protocol_error"/s);
  if (!socket.closed) await once(socket, "close");
});

test("a TLS handshake that is not finished in time is cut", async (context) => {
  const { private: key, cert } = await generate([{ name: "commonName", value: "x" }], { keyType: "ec" });
  const timeouts = { headersMs: 1, requestMs: 15_000, keepAliveMs: 5_000 };
  const port = await listening(context, createHttpServer(hostOf([]), listenerOf({ tls: { key, cert }, timeouts })));
  const silent = connect({ port, host: "127.0.0.1" });
  context.after(() => silent.destroy());
  await once(silent.resume(), "close");
});

test("who is slow to say what it wants keeps nobody from asking who has said it", async (context) => {
  const got = {
    answers: [{ status: 200, description: "So", body: anyJson("anything") }],
    handle: () => ({ status: 200, body: {} }),
  };
  const port = await serve(context, [
    operation({ name: "read", method: "GET", path: "/read", summary: "Read", ...got }),
    operation({ name: "write", method: "POST", path: "/write", summary: "Write", body: {}, ...got }),
  ]);
  const head = "POST /write HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nexpect: 100-continue\r\n";
  const slow = connect({ port, host: "127.0.0.1" }, () => slow.write(`${head}content-length: 2\r\n\r\n`));
  context.after(() => slow.destroy());
  const [interim] = (await once(slow, "data")) as [Buffer];
  assert.match(interim.toString(), /^HTTP\/1\.1 100/, "its body is being read");
  assert.equal((await httpCall({ port }, "GET", "/read")).status, 200);
  assert.equal((await httpCall({ port }, "POST", "/write", { body: {} })).status, 429);
  slow.write("{}");
  const [answer] = (await once(slow, "data")) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 200/);
});

/** Bytes of callers who say who they are, and as many as each may take. */
function filesOf(length: number): Route[] {
  const places: Places = { max: 3, taken: 0, each: { max: 1, of: String, taken: new Map() } };
  const route = {
    path: "/file",
    summary: "A file",
    places,
    query: null,
    admit: async ({ headers }: RequestHead) => headers.authorization,
    answers: [{ status: 200, description: "Bytes", contentType: "application/octet-stream" }],
  } as const;
  return [
    operation({
      ...route,
      name: "put",
      method: "PUT",
      rawBody: { description: "Bytes", bytesMax: 64 },
      handle: ({ bytes }) => ({ status: 200, content: bytes, length: bytes.length, contentType: "text/plain" }),
    }),
    operation({
      ...route,
      name: "get",
      method: "GET",
      handle: () => ({ status: 200, content: Buffer.alloc(length), length, contentType: "text/plain" }),
    }),
  ];
}

/** The port, and what a caller says on a connection of its own, until it has heard something. */
async function fileServer(context: TestContext, length: number, clock: Clock = systemClock) {
  const host = { ...hostOf(filesOf(length)), inFlightMax: 8, clock };
  const port = await listening(context, createHttpServer(host, listenerOf({})));
  return {
    async begins(who: string, method: string, more = ""): Promise<Socket> {
      const head = `${method} /file HTTP/1.1\r\nhost: x\r\nauthorization: ${who}\r\n${more}\r\n`;
      const socket = connect({ port, host: "127.0.0.1" }, () => socket.write(head));
      context.after(() => socket.destroy());
      await once(socket, "readable");
      return socket;
    },
    asks: async (who: string) =>
      (await httpCall({ port }, "PUT", "/file", { headers: { authorization: who }, body: "short" })).status,
  };
}

test("one caller that is slow to say all takes no more places than are its own, and gives them back", async (context) => {
  const { begins, asks } = await fileServer(context, 1);
  const slow = await begins("ada", "PUT", "content-length: 5\r\nexpect: 100-continue\r\n");
  assert.equal(await asks("ada"), 429);
  assert.equal(await asks("bob"), 200);
  slow.destroy();
  while ((await asks("ada")) !== 200);
});

test("whoever does not read its answer keeps its place, and no longer than it may", async (context) => {
  const clock = createManualClock();
  const { begins, asks } = await fileServer(context, 134_217_728, clock);
  const unread = await begins("ada", "GET");
  assert.equal(await asks("ada"), 429);
  const closed = once(unread, "close");
  clock.advance(15_000);
  unread.resume().on("error", () => undefined);
  await closed;
  assert.ok(unread.bytesRead < 134_217_728, "what was not taken in time is not sent");
  assert.equal(await asks("ada"), 200);
});

function hostOf(routes: readonly Route[]): RequestHost {
  return {
    api,
    router: createRouter(routes, api.pathsHint),
    clock: systemClock,
    log: silentLog,
    bodyBytesMax: 1_024,
    inFlightMax: 1,
    streamsMax: 0,
    load: createLoad(),
    observe: () => {},
  };
}

function listenerOf(changed: Partial<Listener>): Listener {
  const timeouts = { headersMs: 15_000, requestMs: 15_000, keepAliveMs: 5_000 };
  return { transport: "tcp", gate: null, requireJsonType: true, connectionsMax: 16, timeouts, ...changed };
}

async function serve(context: TestContext, routes: readonly Route[], changed: Partial<Listener> = {}): Promise<number> {
  return listening(context, createHttpServer(hostOf(routes), listenerOf(changed)));
}

async function listening(context: TestContext, server: Server): Promise<number> {
  context.after(closer(server));
  return listenTcp(server, "127.0.0.1", 0);
}
