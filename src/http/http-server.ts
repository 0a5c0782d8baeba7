import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import type { SecureVersion } from "node:tls";
import { AssertionFailure } from "../base/assert.ts";
import type { Clock, Timer } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { toProblem } from "../protocol/problem.ts";
import type { Api } from "./api.ts";
import type { Gate } from "./gate.ts";
import { readCall, readRawBody, readRequestBody, type WrittenCall } from "./read-call.ts";
import { readTarget } from "./read-target.ts";
import { respond, respondProblem } from "./respond.ts";
import type { Route, StreamRoute, Transport } from "./route.ts";
import type { Router } from "./router.ts";
import { takenByCaller, takePlace } from "./take-place.ts";

const headerBytesMax = 16_384;
const tlsVersionMin: SecureVersion = "TLSv1.3";

/** What all listeners of one API share. */
export interface RequestHost {
  readonly api: Api;
  readonly router: Router;
  readonly clock: Clock;
  readonly log: Log;
  readonly bodyBytesMax: number;
  /** Requests being worked on, and as many whose bodies are being read. */
  readonly inFlightMax: number;
  readonly streamsMax: number;
  readonly load: Load;
  /** What callers are told of an error; absent: the error itself. */
  readonly tell?: (error: ClaudemeshError) => ClaudemeshError;
  /** Called once per answered request. `endpoint` is the route's path, or "other". */
  observe(measured: { endpoint: string; status: number; transport: Transport; seconds: number }): void;
}

/** Bodies being read, requests being worked on and streams open, over all listeners. */
export interface Load {
  reading: number;
  inFlight: number;
  streams: number;
  stopping: boolean;
  /** Called whenever a request or stream ends. */
  onRelease: () => void;
}

export function createLoad(): Load {
  return { reading: 0, inFlight: 0, streams: 0, stopping: false, onRelease: () => {} };
}

export interface Listener {
  readonly transport: Transport;
  /** null: whoever can connect may ask. */
  readonly gate: Gate | null;
  /** false: a body is read as JSON whatever its type is said to be. Only where no page of a browser can reach. */
  readonly requireJsonType: boolean;
  /** Connections at once; further ones are closed. */
  readonly connectionsMax: number;
  readonly timeouts: Timeouts;
  /** Absent or null: plain HTTP. */
  readonly tls?: Tls | null;
}

/** For a client to say what it wants, to say all of it, and to say something new on a connection that it keeps. */
export interface Timeouts {
  readonly headersMs: number;
  readonly requestMs: number;
  /** The same where the body is bytes, which may be many; absent: no more than others. */
  readonly rawRequestMs?: number;
  readonly keepAliveMs: number;
}

/** Key and certificate chain, PEM. */
export interface Tls {
  readonly key: string;
  readonly cert: string;
}

/** An HTTP server, not yet listening, whose requests all came through one kind of socket. */
export function createHttpServer(host: RequestHost, listener: Listener): Server {
  const { timeouts } = listener;
  const options: ServerOptions = {
    // A gate answers a missing Host itself, with a problem.
    requireHostHeader: listener.gate === null,
    maxHeaderSize: headerBytesMax,
    headersTimeout: timeouts.headersMs,
    requestTimeout: Math.max(timeouts.requestMs, timeouts.rawRequestMs ?? 0),
    keepAliveTimeout: timeouts.keepAliveMs,
  };
  const answer = (request: IncomingMessage, response: ServerResponse): void =>
    void serve(host, listener, request, response);
  const server = listener.tls
    ? createTlsServer(
        { ...options, ...listener.tls, minVersion: tlsVersionMin, handshakeTimeout: timeouts.headersMs },
        answer,
      )
    : createServer(options, answer);
  server.maxConnections = listener.connectionsMax;
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => answerUnreadable(host.api, error, socket));
  return server;
}

async function serve(
  host: RequestHost,
  listener: Listener,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { transport } = listener;
  const began = performance.now();
  let endpoint = "other";
  const finish = (): void =>
    host.observe({ endpoint, status: response.statusCode, transport, seconds: (performance.now() - began) / 1_000 });
  response.on("error", () => {});
  try {
    const { path, query, queryIsUtf8 } = readTarget(request.url ?? "/");
    const found = host.router.find(request.method ?? "", path);
    listener.gate?.check(request, query, found?.route ?? null, host.clock.now());
    if (found === null) throw host.router.refusal(path);
    const { route, params } = found;
    endpoint = route.path;
    if (host.load.stopping)
      throw new ClaudemeshError("stopping", `the ${host.api.program} is stopping`, {
        hint: "try again once it runs: claudemesh up",
      });
    const head = {
      method: request.method ?? "",
      path,
      params,
      headers: request.headers,
      address: request.socket.remoteAddress ?? "",
    };
    const incoming = route.rawBody?.bytesMax === null ? request : null;
    const bodiless = request.method === "HEAD";
    const written = { ...head, query, queryIsUtf8, transport, incoming, bodiless, gone: () => goneSignal(response) };
    if ("open" in route) {
      openStream(host, route, { ...written, admitted: undefined, body: {}, bytes: noBytes }, request, response, finish);
      return;
    }
    const place = takePlace(host, route);
    try {
      const admitted = await route.admit?.(head);
      place.share(admitted);
      const timer = limitReading(host, listener, route, request);
      const [body, bytes] = await readBodies(host, listener, route, request).finally(() => timer?.cancel());
      if (body === null || bytes === null) return;
      place.work();
      await respond(response, await route.handle(readCall(route, { ...written, admitted, body, bytes })));
      // Such answers are long, and stay in memory until they are read.
      if (route.places !== null) await takenByCaller(response, host.clock, answerMs(listener));
    } finally {
      // Before the caller can have read its answer: a caller with all places taken may send the next one at once.
      place.leave();
    }
    finish();
  } catch (thrown) {
    if (thrown instanceof AssertionFailure) throw thrown;
    const error = thrown instanceof ClaudemeshError ? thrown : unexpected(host.api, thrown);
    if (error !== thrown) host.log.error({ err: thrown, endpoint }, "a request failed unexpectedly");
    if (response.headersSent) {
      response.destroy();
      return;
    }
    await respondRefusal(host, request, response, host.tell?.(error) ?? error);
    finish();
  }
}

function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  const closed = (): void => {
    if (!response.writableFinished) gone.abort();
  };
  if (response.closed) closed();
  else response.once("close", closed);
  return gone.signal;
}

const noBytes = Buffer.alloc(0);

function readBodies(
  host: RequestHost,
  listener: Listener,
  route: Route,
  request: IncomingMessage,
): Promise<readonly [unknown, Buffer | null]> {
  const { bodyBytesMax: bytesMax } = host;
  const { requireJsonType } = listener;
  return Promise.all([readRequestBody(route, request, { bytesMax, requireJsonType }), readRawBody(route, request)]);
}

/** Where bytes may take longer, the server itself waits so long for every body: of any other the time is kept here. */
function limitReading(host: RequestHost, listener: Listener, route: Route, request: IncomingMessage): Timer | null {
  const { requestMs, rawRequestMs = 0 } = listener.timeouts;
  if (route.body === null || rawRequestMs <= requestMs) return null;
  return host.clock.after(requestMs, () => {
    const late: NodeJS.ErrnoException = Object.assign(new Error("the request took too long"), { code: requestTimeout });
    answerUnreadable(host.api, late, request.socket);
  });
}

/** For a caller to read an answer that holds a place. */
function answerMs({ timeouts: { requestMs, rawRequestMs = 0 } }: Listener): number {
  return Math.max(requestMs, rawRequestMs);
}

const requestTimeout = "ERR_HTTP_REQUEST_TIMEOUT";

/** What another host told of may be what cannot be written down: that is a failure like any other. */
async function respondRefusal(
  host: RequestHost,
  request: IncomingMessage,
  response: ServerResponse,
  error: ClaudemeshError,
): Promise<void> {
  try {
    await respondProblem(request, response, error, host.clock);
  } catch (thrown) {
    host.log.error({ err: thrown, code: error.code }, "a refusal could not be written");
    if (response.headersSent) response.destroy();
    else await respondProblem(request, response, unexpected(host.api, thrown), host.clock);
  }
}

function openStream(
  host: RequestHost,
  route: StreamRoute,
  written: WrittenCall,
  request: IncomingMessage,
  response: ServerResponse,
  finish: () => void,
): void {
  const call = readCall(route, written);
  if (host.load.streams >= host.streamsMax) {
    throw new ClaudemeshError("too_many_streams", `${host.streamsMax} event streams are open already`, {
      hint: "close one, or share one between readers",
    });
  }
  host.load.streams++;
  let open = true;
  const closed = (): void => {
    if (!open) return;
    open = false;
    host.load.streams--;
    host.load.onRelease();
  };
  try {
    route.open(call, request, response, closed);
    // Measured when it opens: how long a reader stays says nothing about how fast it was served.
    finish();
  } catch (thrown) {
    open = false;
    host.load.streams--;
    throw thrown;
  }
}

/** Its text may hold anything, so it goes to the log and not to the caller. */
function unexpected(api: Api, cause: unknown): ClaudemeshError {
  return new ClaudemeshError("internal", `the ${api.program} failed to answer this request`, {
    hint: "claudemesh logs --level error, or of the broker: claudemesh logs --broker --level error",
    cause,
  });
}

/**
 * Bytes that are not HTTP, or not all of them in time. There is no request to answer, so the problem is written onto
 * the socket; one whose TLS handshake failed, or was not finished in time, takes nothing. The caller's half is not
 * waited for: who never closes it would keep its place among the connections for ever.
 */
function answerUnreadable(api: Api, error: NodeJS.ErrnoException, socket: Socket): void {
  if (!/^(HPE_|ERR_HTTP_)/.test(error.code ?? "") || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = JSON.stringify(
    toProblem(
      new ClaudemeshError("protocol_error", `the bytes received are not an HTTP request this ${api.program} can read`),
    ),
  );
  socket.write(
    `HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(problem)}\r\n\r\n${problem}`,
  );
  socket.destroySoon();
}
