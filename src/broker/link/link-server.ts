import type { IncomingMessage } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { serviceRestartCode } from "../../protocol/close-codes.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { toProblem } from "../../protocol/problem.ts";
import type { LinkParts } from "./link-parts.ts";
import type { LiveLink } from "./live-link.ts";
import { openLink } from "./opening.ts";
import { createOutgoing, type Outgoing } from "./outgoing.ts";

const linkPath = "/v1/link";
export const subprotocol = "claudemesh.v1";

/** Takes WebSocket upgrades and keeps their links. Connections that have proven nothing yet are bounded in number and time. */
export interface LinkServer {
  /** Of an HTTP server's "upgrade"; `certificatePrint` of the listener, null without TLS. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, certificatePrint: string | null): void;
  /** No new links, nothing more read from the open ones. */
  drain(): void;
  /** Closes every link with 1012 and resolves when their sockets are gone. */
  stop(): Promise<void>;
  /** Cuts what did not close in time. */
  abandon(): void;
}

export function createLinkServer(parts: LinkParts): LinkServer {
  const { limits, registry } = parts;
  const wss = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: limits.frameBytesMax,
    clientTracking: false,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  });
  const open = new Map<WebSocket, { out: Outgoing; gone: Promise<void> }>();
  let openings = 0;
  let draining = false;

  parts.accepter.onRoom((meshId) => {
    for (const link of registry.ofMesh(meshId)) link.resumeIfPaused();
  });

  async function serve(
    ws: WebSocket,
    socket: Duplex,
    dialled: { authority: string; certificatePrint: string | null },
  ): Promise<void> {
    const out = createOutgoing(ws, socket, {
      clock: parts.clock,
      bufferedBytesMax: limits.linkBufferedBytesMax,
      closeGraceMs: limits.closeGraceMs,
      closing: (code) => parts.metrics.linksClosed.inc({ code }),
    });
    const gone = new Promise<void>((resolve) => ws.once("close", () => resolve()));
    open.set(ws, { out, gone });
    void gone.then(() => open.delete(ws));
    // Broken frames and resets: ws closes the connection itself, with the code RFC 6455 has for it.
    ws.on("error", (error) => parts.log.debug({ error: error.message }, "link socket failed"));
    openings += 1;
    const link = await openLink(ws, out, dialled, parts).finally(() => {
      openings -= 1;
    });
    if (link !== null) await begin(link);
  }

  /** After hello_ack: what the member is owed. */
  async function begin(link: LiveLink): Promise<void> {
    try {
      if (draining) return link.closeWith(serviceRestartCode, "service_restart");
      await link.openDestinations();
      await parts.recovery.returned(link.meshId, link.memberId);
      parts.progress.returned(link.meshId, link.memberId);
      await parts.receipts.returned(link.meshId, link.memberId);
      await parts.notices.tell(link.meshId, link.memberId);
    } catch (thrown) {
      const error = ClaudemeshError.from(thrown);
      parts.log.warn(
        { mesh_id: link.meshId, code: error.code, error: error.message },
        "a link's destinations could not be read",
      );
      link.close("protocol_error", "the broker cannot read its store now");
    }
  }

  function refusal(request: IncomingMessage): ClaudemeshError | null {
    if (URL.parse(request.url ?? "/", "http://broker")?.pathname !== linkPath)
      return new ClaudemeshError("not_found", "Links open at /v1/link.");
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
    if (!offered.includes(subprotocol))
      return new ClaudemeshError("protocol_error", `The subprotocol is ${subprotocol}.`);
    if (draining) return new ClaudemeshError("stopping", "The broker is stopping.");
    if (parts.authorities() === null) return new ClaudemeshError("stopping", "The broker is still starting.");
    if (openings >= limits.openingsMax || open.size >= limits.linksMax)
      return new ClaudemeshError("broker_unreachable", "The broker has as many connections as it may.");
    return null;
  }

  return {
    upgrade(request, socket, head, certificatePrint) {
      socket.on("error", () => socket.destroy());
      const refused = refusal(request);
      if (refused !== null) return refuse(socket, refused);
      wss.handleUpgrade(request, socket, head, (ws) => {
        void serve(ws, socket, { authority: (request.headers.host ?? "").toLowerCase(), certificatePrint });
      });
    },
    drain() {
      draining = true;
      for (const link of registry.all()) link.stopReading();
    },
    async stop() {
      draining = true;
      for (const { out } of open.values()) out.closeWith(serviceRestartCode, "service_restart");
      await Promise.all([...open.values()].map(({ gone }) => gone));
    },
    abandon() {
      for (const { out } of open.values()) out.terminate();
      wss.close();
    },
  };
}

/** The caller's half is not waited for: who never closes it would keep its place among the connections for ever. */
function refuse(socket: Duplex, error: ClaudemeshError): void {
  const body = JSON.stringify(toProblem(error));
  socket.once("finish", () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ""}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
