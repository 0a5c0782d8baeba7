import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { createHttpServer, createLoad } from "../../http/http-server.ts";
import { closer } from "../../http/listen-tcp.ts";
import { listenUnix } from "../../http/listen-unix.ts";
import type { Route } from "../../http/route.ts";
import { createRouter } from "../../http/router.ts";
import { adminApi } from "./admin-routes.ts";

const connectionsMax = 64;
const inFlightMax = 64;
const timeouts = { headersMs: 15_000, requestMs: 60_000, keepAliveMs: 5_000 };

/** HTTP/JSON on a unix socket of mode 0600 in a folder of mode 0700: whoever can open it is the broker's user. */
export interface AdminServer {
  listen(path: string): Promise<void>;
  close(): Promise<void>;
}

export function createAdminServer(parts: {
  readonly routes: readonly Route[];
  readonly clock: Clock;
  readonly log: Log;
  readonly bodyBytesMax: number;
}): AdminServer {
  const server = createHttpServer(
    {
      api: adminApi,
      router: createRouter(parts.routes, adminApi.pathsHint),
      clock: parts.clock,
      log: parts.log,
      bodyBytesMax: parts.bodyBytesMax,
      inFlightMax,
      streamsMax: 0,
      load: createLoad(),
      observe: () => {},
    },
    { transport: "unix", gate: null, requireJsonType: false, connectionsMax, timeouts },
  );
  const close = closer(server);
  return {
    // The folder is 0700, so the moment before the socket's own mode is set opens it to nobody.
    listen: (path) => listenUnix(server, path),
    close,
  };
}
