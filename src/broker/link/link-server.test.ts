import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { WebSocket } from "ws";
import { rawExchange } from "../../http/raw-http.fixture.ts";
import { defaultBrokerLimits } from "../broker-limits.ts";
import type { LinkParts } from "./link-parts.ts";
import { createLinkServer } from "./link-server.ts";
import { createLinkRegistry } from "./registry.ts";

test("a broker that does not know its addresses yet refuses links for now, and no daemon for good", async (t) => {
  const port = await served(t);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/link`, "claudemesh.v1");
  socket.on("error", () => undefined);
  const [, answer] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage];
  assert.equal(answer.statusCode, 503);
  socket.terminate();
});

test("an upgrade to what is no address is refused like any other path, and ends nothing but itself", async (t) => {
  const port = await served(t);
  for (const target of ["//", "//[", "http://", "http://x:99999/"]) {
    const head = `GET ${target} HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`;
    assert.match(await rawExchange(port, head), /^HTTP\/1\.1 404 .*"code":"not_found"/s, target);
  }
});

test("whoever is refused does not keep the connection by never closing its own half", async (t) => {
  const server = createServer();
  const port = await served(t, server);
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const head = "GET /other HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
  const silent = connect({ port, host: "127.0.0.1", allowHalfOpen: true }, () => silent.write(head));
  t.after(() => silent.destroy());
  const [socket] = await accepted;
  const [answer] = (await once(silent, "data")) as [Buffer];
  assert.match(String(answer), /^HTTP\/1\.1 404 .*"code":"not_found"/s);
  if (!socket.closed) await once(socket, "close");
});

async function served(t: TestContext, server = createServer()): Promise<number> {
  const parts = {
    limits: defaultBrokerLimits,
    registry: createLinkRegistry(),
    accepter: { onRoom: () => undefined },
    authorities: () => null,
  } as unknown as LinkParts;
  server.on("upgrade", createLinkServer(parts).upgrade);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}
