import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { WebSocket } from "ws";
import { defaultBrokerLimits } from "../broker-limits.ts";
import type { LinkParts } from "./link-parts.ts";
import { createLinkServer } from "./link-server.ts";
import { createLinkRegistry } from "./registry.ts";

test("a broker that does not know its addresses yet refuses links for now, and no daemon for good", async (t) => {
  const parts = {
    limits: defaultBrokerLimits,
    registry: createLinkRegistry(),
    accepter: { onRoom: () => undefined },
    authorities: () => null,
  } as unknown as LinkParts;
  const server = createServer();
  server.on("upgrade", createLinkServer(parts).upgrade);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/link`, "claudemesh.v1");
  socket.on("error", () => undefined);
  const [, answer] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage];
  assert.equal(answer.statusCode, 503);
  socket.terminate();
});
