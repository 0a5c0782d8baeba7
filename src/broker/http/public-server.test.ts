import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:https";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { httpCall } from "../../http/http-call.fixture.ts";
import { brokerFixture } from "../testing/fixture.ts";
import { systemClock } from "../../base/clock.ts";
import { silentLog } from "../../base/log.ts";
import { ownCertificate } from "../listen/own-certificate.ts";
import type { DirectParts } from "../direct/direct-parts.ts";
import type { JoinParts } from "../join/join.ts";
import { createBrokerMetrics } from "../metrics.ts";
import { type PublicParts, publicRoutes } from "./public-routes.ts";
import { createPublicServer, type PublicServer } from "./public-server.ts";

const host = "127.0.0.1";

test("with a certificate the pages and upgrades come over TLS 1.3, and over nothing older", async (context) => {
  const { port, upgraded } = await tlsServer(context);
  assert.deepEqual(await get(port, "/healthz"), { status: 200, text: '{"status":"ok"}' });
  const socket = connectTls({ host, port, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  assert.equal(socket.getProtocol(), "TLSv1.3");
  socket.write(`GET /v1/link HTTP/1.1\r\nhost: ${host}:${port}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`);
  assert.equal(await upgraded, "/v1/link");
  socket.destroy();
  const old = connectTls({ host, port, rejectUnauthorized: false, maxVersion: "TLSv1.2" });
  const [error] = (await once(old, "error")) as [NodeJS.ErrnoException];
  assert.match(String(error.code), /ALERT_PROTOCOL_VERSION/);
});

test("what is not TLS is cut without a word, and others are served on", async (context) => {
  const { port } = await tlsServer(context);
  const plain = connect({ host, port }, () => plain.write("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"));
  let heard = "";
  plain.setEncoding("latin1").on("data", (chunk: string) => {
    heard += chunk;
  });
  plain.on("error", () => undefined);
  await once(plain, "close");
  assert.doesNotMatch(heard, /HTTP/);
  assert.equal((await get(port, "/healthz")).status, 200);
});

test("a stop cuts requests under way and handshakes that nobody finishes", async (context) => {
  const begun = Promise.withResolvers<void>();
  const { port, server } = await tlsServer(context, () => {
    begun.resolve();
    return new Promise(() => undefined);
  });
  const idle: Socket = connect({ host, port });
  await once(idle, "connect");
  const cut = get(port, "/readyz");
  cut.catch(() => undefined);
  await begun.promise;
  const gone = once(idle.resume(), "close");
  await Promise.all([server.close(), server.close()]);
  await gone;
  await assert.rejects(cut);
});

test("metrics are shown on loopback, and on the address for other hosts only where it is said so", async (context) => {
  for (const publicMetrics of [false, true]) {
    const expose = { host, port: 0, certificate: null };
    const { broker } = await brokerFixture(context, { expose, publicMetrics });
    const status = async (port: number) => (await get(port, "/metrics")).status;
    assert.equal(await status(broker.exposed?.port ?? 0), publicMetrics ? 200 : 404);
    const local = await httpCall({ port: Number(new URL(broker.url).port) }, "GET", "/metrics");
    assert.equal(local.status, 200);
  }
});

async function tlsServer(
  context: TestContext,
  ready: () => Promise<void> = async () => undefined,
): Promise<{ server: PublicServer; port: number; upgraded: Promise<string | undefined> }> {
  const dir = mkdtempSync(join(tmpdir(), "cm-tls-"));
  const upgraded = Promise.withResolvers<string | undefined>();
  const server = createPublicServer({
    // Nobody joins here.
    routes: publicRoutes({
      files: {} as PublicParts["files"],
      programVersion: "0",
      metrics: createBrokerMetrics(),
      ready,
      join: {} as JoinParts,
      direct: {} as DirectParts,
    }),
    upgrade: (asked) => upgraded.resolve(asked.url),
    clock: systemClock,
    log: silentLog,
    certificate: await ownCertificate(dir, Date.now()),
    bodyBytesMax: 1_024,
    connectionsMax: 16,
  });
  const port = await server.listen(host, 0);
  context.after(async () => {
    await server.close();
    rmSync(dir, { recursive: true });
  });
  return { server, port, upgraded: upgraded.promise };
}

function get(port: number, path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, path, agent: false, rejectUnauthorized: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on("error", reject).end();
  });
}
