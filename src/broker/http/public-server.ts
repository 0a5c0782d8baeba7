import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { LinkServer } from "../link/link-server.ts";
import type { BrokerMetrics } from "../metrics.ts";
import { answerJson, answerProblem, answerText } from "./answer.ts";

/** The broker's port: links, and three pages for those who watch it. */
export interface PublicServer {
  /** Resolves with the port that is taken. Rejects with the system's error. */
  listen(host: string, port: number): Promise<number>;
  close(): Promise<void>;
}

export interface PublicServerParts {
  readonly links: LinkServer;
  readonly metrics: BrokerMetrics;
  /** null: without TLS. */
  readonly certificate: { readonly cert: string; readonly key: string } | null;
  /** Connections at once, links and those that have said nothing yet included; further ones are closed. */
  readonly connectionsMax: number;
  /** Rejects while the broker must not get traffic. */
  ready(): Promise<void>;
}

/** For a client to say what it wants, and to say all of it. */
const headersTimeoutMs = 15_000;
const requestTimeoutMs = 30_000;

type Page = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

export function createPublicServer(parts: PublicServerParts): PublicServer {
  const pages: Readonly<Record<string, Page>> = {
    "/healthz": (_request, response) => answerJson(response, 200, { status: "ok" }),
    "/readyz": async (_request, response) => {
      await parts.ready();
      answerJson(response, 200, { status: "ready" });
    },
    "/metrics": async (_request, response) => {
      answerText(response, 200, parts.metrics.registry.contentType, await parts.metrics.registry.metrics());
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    try {
      const { pathname } = new URL(request.url ?? "/", "http://broker");
      const page = Object.hasOwn(pages, pathname) ? pages[pathname] : undefined;
      if (page === undefined) throw new ClaudemeshError("not_found", "There is nothing at this address.");
      if (request.method !== "GET" && request.method !== "HEAD") {
        return answerProblem(response, new ClaudemeshError("method_not_allowed", "Only GET is answered here."), {
          allow: "GET, HEAD",
        });
      }
      await page(request, response);
    } catch (thrown) {
      answerProblem(response, thrown);
    }
  }

  const timeouts = { headersTimeout: headersTimeoutMs, requestTimeout: requestTimeoutMs };
  const listener = (request: IncomingMessage, response: ServerResponse): void => void answer(request, response);
  const server: Server =
    parts.certificate === null
      ? createServer(timeouts, listener)
      : createTlsServer({ ...timeouts, ...parts.certificate, minVersion: "TLSv1.3" }, listener);
  server.maxConnections = parts.connectionsMax;
  server.on("upgrade", parts.links.upgrade);
  return {
    listen: (host, port) => listen(server, { host, port }).then((address) => (address as AddressInfo).port),
    close: () => closeServer(server),
  };
}

export function listen(
  server: Server,
  where: { host: string; port: number } | { path: string },
): Promise<ReturnType<Server["address"]>> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve(server.address());
    });
  });
}

/** Idempotent; open requests are cut. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
