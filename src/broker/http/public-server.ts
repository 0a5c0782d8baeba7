import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { createHttpServer, createLoad, type Tls } from "../../http/http-server.ts";
import { closer, listenTcp } from "../../http/listen-tcp.ts";
import type { Route } from "../../http/route.ts";
import type { ClaudemeshError } from "../../protocol/error.ts";
import { createRouter } from "../../http/router.ts";
import { toldOutside } from "../told-outside.ts";
import { publicApi } from "./public-routes.ts";

/** The broker's port: links, and the public routes. */
export interface PublicServer {
  /** Resolves with the port that is taken. Rejects with the system's error. */
  listen(host: string, port: number): Promise<number>;
  close(): Promise<void>;
}

export interface PublicServerParts {
  readonly routes: readonly Route[];
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly clock: Clock;
  readonly log: Log;
  /** null: without TLS. */
  readonly certificate: Tls | null;
  readonly bodyBytesMax: number;
  /** Connections at once, links and those that have said nothing yet included; further ones are closed. */
  readonly connectionsMax: number;
}

const inFlightMax = 256;
/** Whoever reaches the port can ask as often as it likes: the log hears of it so often. */
const saidEveryMs = 10_000;
/** A blob of 1 MiB comes in within its time at 9 kB/s; three at once then fill 220 kbit/s. */
const timeouts = { headersMs: 15_000, requestMs: 30_000, rawRequestMs: 120_000, keepAliveMs: 5_000 };

export function createPublicServer(parts: PublicServerParts): PublicServer {
  let quietUntil = Number.NEGATIVE_INFINITY;

  function tell(thrown: ClaudemeshError): ClaudemeshError {
    const { error, inner } = toldOutside(thrown);
    const now = parts.clock.now();
    if (inner !== null && now >= quietUntil) {
      quietUntil = now + saidEveryMs;
      parts.log.warn({ code: inner.code, error: inner.message }, "a request could not be answered");
    }
    return error;
  }

  const server = createHttpServer(
    {
      api: publicApi,
      router: createRouter(parts.routes, publicApi.pathsHint),
      clock: parts.clock,
      log: parts.log,
      bodyBytesMax: parts.bodyBytesMax,
      inFlightMax,
      streamsMax: 0,
      load: createLoad(),
      tell,
      observe: () => {},
    },
    {
      transport: "tcp",
      gate: null,
      requireJsonType: true,
      connectionsMax: parts.connectionsMax,
      timeouts,
      tls: parts.certificate,
    },
  );
  server.on("upgrade", parts.upgrade);
  const close = closer(server);
  return { listen: (host, port) => listenTcp(server, host, port), close };
}
