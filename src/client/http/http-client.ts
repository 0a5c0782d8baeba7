import { connect as connectSocket, type Socket } from "node:net";
import { ClaudemeshError } from "../../protocol/error.ts";
import { createResponseReader } from "./response-reader.ts";

/** Where a daemon's local API listens. The token is sent on TCP only; the unix socket needs none. */
export type Endpoint =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly port: number; readonly token: string };

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With the query, encoded. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: string;
  /** Sent as they come, instead of `body`; exactly so many. */
  readonly bytes?: { readonly length: number; readonly chunks: AsyncIterable<Uint8Array> };
  /** The request may be repeated at will, so it may go out on a connection that is perhaps closing. */
  readonly repeatable?: boolean;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

export interface HttpStream {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** Ends when the server ends it; throws when the connection breaks. */
  readonly chunks: AsyncIterable<Buffer>;
  close(): void;
}

export interface HttpClient {
  /**
   * Throws not_running (nothing listens: the request was not sent), outcome_unknown (the connection ended before the
   * answer), protocol_error, or the signal's reason.
   */
  request(request: HttpRequest): Promise<HttpAnswer>;
  stream(request: HttpRequest): Promise<HttpStream>;
  /** Closes idle connections. Requests under way go on. */
  close(): void;
}

const idleConnectionsMax = 8;
/** Shorter than the daemon's keep-alive, so that a reused connection is rarely one that it is closing. */
const idleMs = 4_000;
const answerBytesMax = 268_435_456;

export function createHttpClient(endpoint: Endpoint): HttpClient {
  const idle: Socket[] = [];
  let closed = false;

  const drop = (socket: Socket): void => {
    const at = idle.indexOf(socket);
    if (at >= 0) idle.splice(at, 1);
    socket.destroy();
  };

  const park = (socket: Socket): void => {
    socket.removeAllListeners();
    if (closed || idle.length >= idleConnectionsMax || socket.destroyed) {
      socket.on("error", () => {});
      socket.destroy();
      return;
    }
    socket
      .on("error", () => drop(socket))
      .on("close", () => drop(socket))
      .on("data", () => drop(socket));
    socket.setTimeout(idleMs, () => drop(socket));
    socket.unref();
    idle.push(socket);
  };

  const open = (repeatable: boolean): Socket => {
    const parked = repeatable ? idle.pop() : undefined;
    if (parked !== undefined) {
      parked.removeAllListeners();
      parked.setTimeout(0);
      parked.ref();
      return parked;
    }
    return endpoint.kind === "unix"
      ? connectSocket(endpoint.path)
      : connectSocket(endpoint.port, "127.0.0.1").setNoDelay(true);
  };

  return {
    async request(request) {
      const said = head(endpoint, request, "keep-alive");
      return exchange(open(request.repeatable === true), endpoint, request, said, park);
    },
    async stream(request) {
      const said = head(endpoint, request, "close");
      return openStream(open(false), endpoint, request, said);
    },
    close() {
      closed = true;
      for (const socket of [...idle]) drop(socket);
    },
  };
}

function exchange(
  socket: Socket,
  endpoint: Endpoint,
  request: HttpRequest,
  said: string,
  park: (socket: Socket) => void,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let status = 0;
    let headers: ReadonlyMap<string, string> = new Map();
    let bytes = 0;
    let settled = false;
    let saidAll = request.bytes === undefined;
    const unsaid = (): boolean => !saidAll;
    const settle = (): void => {
      settled = true;
      request.signal.removeEventListener("abort", onAbort);
    };
    const fail = (error: unknown): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(request.signal.reason);
    const reader = createResponseReader({
      head(answered, with_) {
        status = answered;
        headers = with_;
      },
      data(chunk) {
        bytes += chunk.length;
        if (bytes > answerBytesMax)
          throw new ClaudemeshError("protocol_error", `the daemon's answer is over ${answerBytesMax} bytes`);
        chunks.push(chunk);
      },
      end(reusable) {
        settle();
        if (reusable && !unsaid()) park(socket);
        else socket.destroy();
        resolve({ status, headers, body: Buffer.concat(chunks, bytes) });
      },
    });
    attach(socket, endpoint, request, reader, fail);
    if (request.signal.aborted) return onAbort();
    request.signal.addEventListener("abort", onAbort, { once: true });
    socket.write(said);
    // An answer that comes before all is said is a refusal: what is left of the bytes is nobody's then.
    if (request.bytes !== undefined) {
      writeBytes(socket, request.bytes, () => settled).then(() => {
        saidAll = true;
      }, fail);
    }
  });
}

async function writeBytes(
  socket: Socket,
  { length, chunks }: NonNullable<HttpRequest["bytes"]>,
  answered: () => boolean,
): Promise<void> {
  let left = length;
  for await (const chunk of chunks) {
    if (answered() || socket.destroyed) return;
    left -= chunk.length;
    if (left < 0) break;
    if (!socket.write(chunk)) await drained(socket);
  }
  if (left !== 0 && !answered()) throw changedMeanwhile();
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off("drain", done).off("close", done);
      resolve();
    };
    socket.on("drain", done).on("close", done);
  });
}

function changedMeanwhile(): ClaudemeshError {
  return new ClaudemeshError("usage", "the file changed while it was read", { hint: "send it once it is finished" });
}

function openStream(socket: Socket, endpoint: Endpoint, request: HttpRequest, said: string): Promise<HttpStream> {
  return new Promise((resolve, reject) => {
    const waiting: Buffer[] = [];
    let ended = false;
    let failure: { readonly reason: unknown } | null = null;
    let wake: (() => void) | null = null;
    const signalReader = (): void => {
      wake?.();
      wake = null;
    };
    const fail = (reason: unknown): void => {
      request.signal.removeEventListener("abort", onAbort);
      socket.destroy();
      failure ??= { reason };
      reject(reason);
      signalReader();
    };
    const onAbort = (): void => fail(request.signal.reason);
    async function* read(): AsyncGenerator<Buffer, void, undefined> {
      try {
        for (;;) {
          const next = waiting.shift();
          if (next !== undefined) {
            yield next;
            continue;
          }
          if (failure !== null) throw failure.reason;
          if (ended) return;
          socket.resume();
          await new Promise<void>((resume) => {
            wake = resume;
          });
        }
      } finally {
        request.signal.removeEventListener("abort", onAbort);
        socket.destroy();
      }
    }
    const reader = createResponseReader({
      head(status, headers) {
        resolve({ status, headers, chunks: read(), close: () => socket.destroy() });
      },
      data(chunk) {
        // A consumer that is slow stops the socket, not this process's memory.
        waiting.push(chunk);
        socket.pause();
        signalReader();
      },
      end() {
        ended = true;
        signalReader();
      },
    });
    attach(socket, endpoint, request, reader, fail);
    if (request.signal.aborted) return onAbort();
    request.signal.addEventListener("abort", onAbort, { once: true });
    socket.write(said);
  });
}

function attach(
  socket: Socket,
  endpoint: Endpoint,
  request: HttpRequest,
  reader: { push(chunk: Buffer): void; close(): boolean },
  fail: (error: unknown) => void,
): void {
  socket.on("data", (chunk: Buffer) => {
    try {
      reader.push(chunk);
    } catch (error) {
      fail(error);
    }
  });
  socket.on("error", (error: NodeJS.ErrnoException) => fail(connectionError(error, endpoint, request)));
  socket.on("close", () => {
    if (!reader.close()) fail(broken(request));
  });
}

function head(endpoint: Endpoint, request: HttpRequest, connection: "keep-alive" | "close"): string {
  const host = endpoint.kind === "unix" ? "localhost" : `127.0.0.1:${endpoint.port}`;
  const lines = [`${request.method} ${request.path} HTTP/1.1`, `host: ${host}`, `connection: ${connection}`];
  if (endpoint.kind === "tcp") lines.push(`authorization: Bearer ${endpoint.token}`);
  for (const [name, value] of Object.entries(request.headers ?? {})) lines.push(`${name}: ${value}`);
  if (request.bytes !== undefined)
    lines.push("content-type: application/octet-stream", `content-length: ${request.bytes.length}`);
  if (request.body !== undefined)
    lines.push("content-type: application/json", `content-length: ${Buffer.byteLength(request.body)}`);
  if (!request.path.isWellFormed())
    throw new ClaudemeshError("lone_surrogate", "a word of the request has a lone surrogate");
  // A line break in any of them would say more than was asked; the words themselves may be secret.
  if (!lines.every((line) => /^[ -~]*$/.test(line)) || / .* .* /.test(lines[0] ?? ""))
    throw new ClaudemeshError("usage", "a path, a token or a header of the request has characters that none may have");
  return `${lines.join("\r\n")}\r\n\r\n${request.body ?? ""}`;
}

/** EINVAL: the path is too long for a socket, so none can be there. */
const notListening = new Set(["ENOENT", "ENOTDIR", "ECONNREFUSED", "ENOTSOCK", "EINVAL"]);

function connectionError(error: NodeJS.ErrnoException, endpoint: Endpoint, request: HttpRequest): ClaudemeshError {
  const where = endpoint.kind === "unix" ? endpoint.path : `127.0.0.1:${endpoint.port}`;
  if (error.syscall === "connect" && notListening.has(error.code ?? "")) {
    return new ClaudemeshError("not_running", `no daemon answers at ${where}`, { hint: "claudemesh up", cause: error });
  }
  if (error.code === "EACCES" || error.code === "EPERM") {
    return new ClaudemeshError("unauthorized", `the socket ${where} belongs to another user`, {
      hint: "run the command as the user who started the daemon",
      cause: error,
    });
  }
  return broken(request, error);
}

function broken(request: HttpRequest, cause?: unknown): ClaudemeshError {
  return new ClaudemeshError(
    "outcome_unknown",
    `the daemon's connection ended before it answered ${request.method} ${request.path.split("?", 1)[0]}`,
    {
      hint: "claudemesh status",
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
