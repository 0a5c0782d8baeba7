import { rmSync } from "node:fs";
import type { Server } from "node:http";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Service } from "../../base/service.ts";
import type { Api } from "../../http/api.ts";
import { createHttpServer, createLoad, type RequestHost } from "../../http/http-server.ts";
import { listenTcp } from "../../http/listen-tcp.ts";
import { listenUnix } from "../../http/listen-unix.ts";
import type { Route } from "../../http/route.ts";
import { createRouter } from "../../http/router.ts";
import { limits } from "../../protocol/limits.ts";
import { createGate, gateErrors, gateStrayErrors } from "./gate.ts";
import type { LocalToken } from "./token.ts";

/** Connections of one listener: the requests and streams allowed at once, and idle ones beside them. */
const connectionsMax = 512;
/** A file of many gigabytes may come from a slow disk, or through a pipe from what is still being made. */
const timeouts = { headersMs: 15_000, requestMs: 60_000, rawRequestMs: 86_400_000, keepAliveMs: 60_000 };

export const localApi: Api = {
  title: "claudemesh daemon: local API",
  description:
    "What programs of this host ask of their member's daemon. Every request but a file's bytes is JSON, read strictly: a field, query parameter or body that nobody reads is refused. Answers may get further fields, so ignore what you do not know. Errors are problem details with a `code` to decide by.",
  servers: [
    {
      url: "http://localhost",
      description:
        "Over the unix socket, without a token: `<home>/daemon/<mesh>/sock`, which only this user can open. `claudemesh status --json` names it.",
    },
    {
      url: "http://127.0.0.1:{port}",
      description: "Over TCP on loopback, with the token: `claudemesh up --http`",
      variables: { port: { default: "0", description: "Picked by the system; the file `http.port` has it" } },
    },
  ],
  token:
    "The content of the file `local_token`, on TCP. The unix socket asks for none, and neither do health, metrics and version with `[local_api] public_health_check`.",
  program: "daemon",
  pathsHint: "GET /v1/compat tells which API this daemon speaks",
  busyCode: "daemon_busy",
  errors: [...gateErrors, "stopping"],
  strayErrors: gateStrayErrors,
};

/** Requests under way when the daemon stops get this long to be answered. */
const drainMs = 5_000;

export interface LocalApi extends Service {
  readonly socketPath: string;
  /** null while not listening on TCP. */
  readonly httpPort: number | null;
  /** From now on every request is refused with `stopping`; those under way go on. */
  refuse(): void;
}

export interface LocalApiOptions {
  readonly routes: readonly Route[];
  readonly socketPath: string;
  /** Present: listen on 127.0.0.1 as well, on a port the system picks. */
  readonly token: LocalToken | null;
  /** Both are read at each request: they may change. */
  readonly allowedOrigins: readonly string[];
  readonly publicHealthCheck: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly observe: RequestHost["observe"];
  /** Called between the two listeners, so that whoever finds the socket answering finds the TCP port announced. */
  readonly announce: (httpPort: number | null) => void;
  /** Ends the open event streams; called once no request is under way. */
  readonly endStreams: () => void;
}

/** The daemon's local API on its two listeners. */
export function createLocalApi(options: LocalApiOptions): LocalApi {
  const load = createLoad();
  const host: RequestHost = {
    api: localApi,
    router: createRouter(options.routes, localApi.pathsHint),
    clock: options.clock,
    log: options.log,
    bodyBytesMax: limits.localBodyBytesMax,
    inFlightMax: limits.localInFlightMax,
    streamsMax: limits.localStreamsMax,
    load,
    observe: options.observe,
  };
  let httpPort: number | null = null;
  const servers: Server[] = [];
  /** Another daemon's socket, found at start, is not ours to remove. */
  let ownsSocket = false;
  let stopped: Promise<void> | null = null;

  const add = (transport: "unix" | "tcp"): Server => {
    const gate = createGate({
      transport,
      token: options.token,
      port: () => httpPort,
      get allowedOrigins() {
        return options.allowedOrigins;
      },
      get publicHealthCheck() {
        return options.publicHealthCheck;
      },
      log: options.log,
    });
    const server = createHttpServer(host, { transport, gate, requireJsonType: true, connectionsMax, timeouts });
    servers.push(server);
    return server;
  };
  const idle = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = options.clock.after(drainMs, resolve);
      load.onRelease = () => {
        if (load.reading + load.inFlight > 0) return;
        timer.cancel();
        resolve();
      };
      load.onRelease();
    });
  const stop = async (): Promise<void> => {
    load.stopping = true;
    const closed = servers.map(
      (server) => new Promise<void>((resolve) => (server.listening ? server.close(() => resolve()) : resolve())),
    );
    await idle();
    options.endStreams();
    for (const server of servers) {
      server.closeIdleConnections();
      // A stream's last bytes are still on their way to its socket; the next turn is after they were handed over.
      setImmediate(() => server.closeAllConnections());
    }
    await Promise.all(closed);
    if (ownsSocket) rmSync(options.socketPath, { force: true });
  };

  return {
    socketPath: options.socketPath,
    get httpPort() {
      return httpPort;
    },
    async start() {
      if (options.token !== null) httpPort = await listenTcp(add("tcp"), "127.0.0.1", 0);
      options.announce(httpPort);
      await listenUnix(add("unix"), options.socketPath);
      ownsSocket = true;
    },
    refuse() {
      load.stopping = true;
    },
    stop: () => (stopped ??= stop()),
  };
}
