import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { AssertionFailure } from "../../base/assert.ts";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { parseJson } from "../../protocol/json-parse.ts";
import { limits } from "../../protocol/limits.ts";
import { toProblem } from "../../protocol/problem.ts";
import type { Gate } from "./gate.ts";
import { readBody } from "./read-body.ts";
import { respond, respondProblem } from "./respond.ts";
import type { Call, createRouter, Route, Transport } from "./route.ts";
import { readShape, type Shape } from "./shape.ts";

/** Connections of one listener: the requests and streams allowed at once, and idle ones beside them. */
export const connectionsMax = 512;
const headersTimeoutMs = 15_000;
const requestTimeoutMs = 60_000;
const keepAliveTimeoutMs = 60_000;
const headerBytesMax = 16_384;

/** What both listeners of a daemon share. */
export interface RequestHost {
  readonly router: ReturnType<typeof createRouter>;
  readonly clock: Clock;
  readonly log: Log;
  readonly publicHealthCheck: boolean;
  readonly load: Load;
  /** Called once per answered request. `endpoint` is the route's path, or "other". */
  observe(measured: { endpoint: string; status: number; transport: Transport; seconds: number }): void;
}

/** Requests being worked on and streams open, over both listeners. */
export interface Load {
  inFlight: number;
  streams: number;
  stopping: boolean;
  /** Called whenever a request or stream ends. */
  onRelease: () => void;
}

/** An HTTP server, not yet listening, whose requests all came through one kind of socket. */
export function createHttpServer(host: RequestHost, transport: Transport, gate: Gate): Server {
  const server = createServer(
    {
      // We answer a missing Host ourselves, with a problem.
      requireHostHeader: false,
      maxHeaderSize: headerBytesMax,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
    },
    (request, response) => void serve(host, transport, gate, request, response),
  );
  server.maxConnections = connectionsMax;
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => answerUnreadable(error, socket));
  return server;
}

async function serve(
  host: RequestHost,
  transport: Transport,
  gate: Gate,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const began = performance.now();
  let endpoint = "other";
  const finish = (): void =>
    host.observe({ endpoint, status: response.statusCode, transport, seconds: (performance.now() - began) / 1_000 });
  response.on("error", () => {});
  try {
    const { path, query } = splitTarget(request.url ?? "/");
    gate.check(request, query, isOpen(host, request.method ?? "", path), host.clock.now());
    const { route, params } = host.router.match(request.method ?? "", path);
    endpoint = route.path;
    if (host.load.stopping)
      throw new ClaudemeshError("stopping", "the daemon is stopping", {
        hint: "try again once it runs: claudemesh up",
      });
    if ("open" in route) {
      openStream(host, route, readCall(route, params, query, request, transport, {}), request, response, finish);
      return;
    }
    if (host.load.inFlight >= limits.localInFlightMax) {
      throw new ClaudemeshError("daemon_busy", `${limits.localInFlightMax} requests are in flight already`, {
        hint: "try again in a moment",
      });
    }
    host.load.inFlight++;
    try {
      const body = await readRequestBody(route, request);
      if (body === null) return;
      respond(response, await route.handle(readCall(route, params, query, request, transport, body)));
    } finally {
      // Before the caller can have read its answer: a caller with 64 in flight may send the next one at once.
      host.load.inFlight--;
      host.load.onRelease();
    }
    finish();
  } catch (thrown) {
    if (thrown instanceof AssertionFailure) throw thrown;
    const error = thrown instanceof ClaudemeshError ? thrown : unexpected(thrown);
    if (error !== thrown) host.log.error({ err: thrown, endpoint }, "a local request failed unexpectedly");
    if (response.headersSent) {
      response.destroy();
      return;
    }
    await respondProblem(request, response, error, host.clock);
    finish();
  }
}

function openStream(
  host: RequestHost,
  route: Extract<Route, { open: unknown }>,
  call: Call<Shape, Shape>,
  request: IncomingMessage,
  response: ServerResponse,
  finish: () => void,
): void {
  if (host.load.streams >= limits.localStreamsMax) {
    throw new ClaudemeshError("too_many_streams", `${limits.localStreamsMax} event streams are open already`, {
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

function readCall(
  route: Route,
  params: Readonly<Record<string, string>>,
  query: URLSearchParams,
  request: IncomingMessage,
  transport: Transport,
  body: unknown,
): Call<Shape, Shape> {
  return {
    params,
    query: readShape(route.query, readQuery(query), "query parameter"),
    body:
      route.body === null ? {} : readShape(route.body, body, "field", "aliases" in route ? route.aliases : undefined),
    headers: request.headers,
    transport,
  };
}

function readQuery(query: URLSearchParams): Record<string, unknown> {
  const written: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of query) {
    if (Object.hasOwn(written, name))
      throw new ClaudemeshError("invalid_field", `the query parameter \`${name.slice(0, 64)}\` is given twice`);
    written[name] = value;
  }
  return written;
}

/** Parsed JSON of the body, `{}` where the route takes none; null when the caller went away. */
async function readRequestBody(route: Route, request: IncomingMessage): Promise<unknown> {
  if (route.body === null) return {};
  const mayBeEmpty = "bodyOptional" in route && route.bodyOptional === true;
  const announced =
    request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? "0") > 0;
  if (!announced && mayBeEmpty) return {};
  if (!isJson(request)) {
    throw new ClaudemeshError("unsupported_media_type", "the request body must be JSON in UTF-8, not compressed", {
      hint: "send `Content-Type: application/json`",
    });
  }
  const bytes = await readBody(request);
  if (bytes === null) return null;
  if (bytes.length === 0 && mayBeEmpty) return {};
  const value = parseJson(bytes);
  // `null` means "the caller went away" to the one who asked.
  if (value === null) throw new ClaudemeshError("invalid_field", "the request body must be a JSON object");
  return value;
}

function isJson(request: IncomingMessage): boolean {
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") return false;
  return /^application\/json[ \t]*(;[ \t]*charset[ \t]*=[ \t]*"?utf-8"?[ \t]*)?;?$/i.test(
    (request.headers["content-type"] ?? "").trim(),
  );
}

/** Its text may hold anything, so it goes to the log and not to the caller. */
function unexpected(cause: unknown): ClaudemeshError {
  return new ClaudemeshError("internal", "the daemon failed to answer this request", {
    hint: "claudemesh status names the log that says why",
    cause,
  });
}

function isOpen(host: RequestHost, method: string, path: string): boolean {
  if (!host.publicHealthCheck) return false;
  try {
    return host.router.match(method, path).route.public === true;
  } catch {
    return false;
  }
}

function splitTarget(target: string): { path: string; query: URLSearchParams } {
  const mark = target.indexOf("?");
  if (mark < 0) return { path: target, query: emptyQuery };
  return { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}

const emptyQuery = new URLSearchParams();

/** Bytes that are not HTTP. There is no request to answer, so the problem is written onto the socket. */
function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = JSON.stringify(
    toProblem(new ClaudemeshError("protocol_error", "the bytes received are not an HTTP request this daemon can read")),
  );
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(problem)}\r\n\r\n${problem}`,
  );
}
