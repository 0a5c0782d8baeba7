import { rmSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Service } from "../../base/service.ts";
import { createGate } from "./gate.ts";
import { createHttpServer, type Load, type RequestHost } from "./http-server.ts";
import { listenUnix } from "./listen-unix.ts";
import { createRouter, type Route } from "./route.ts";
import type { LocalToken } from "./token.ts";

/** Requests under way when the daemon stops get this long to be answered. */
export const drainMs = 5_000;

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

/** Listens on 127.0.0.1 and resolves with the port that the system picked. */
async function listenTcp(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: 0, exclusive: true }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

/** The daemon's local API on its two listeners. */
export function createLocalApi(options: LocalApiOptions): LocalApi {
  const load: Load = { inFlight: 0, streams: 0, stopping: false, onRelease: () => {} };
  const host: RequestHost = {
    router: createRouter(options.routes),
    clock: options.clock,
    log: options.log,
    publicHealthCheck: options.publicHealthCheck,
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
      allowedOrigins: options.allowedOrigins,
      log: options.log,
    });
    const server = createHttpServer(host, transport, gate);
    servers.push(server);
    return server;
  };
  const idle = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = options.clock.after(drainMs, resolve);
      load.onRelease = () => {
        if (load.inFlight > 0) return;
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
      if (options.token !== null) httpPort = await listenTcp(add("tcp"));
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
