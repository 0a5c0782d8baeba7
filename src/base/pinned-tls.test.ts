import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { type TestContext, test } from "node:test";
import { createServer } from "node:tls";
import { generate } from "selfsigned";
import { certificatePrint, dialTls, PinMismatch } from "./pinned-tls.ts";

async function server(t: TestContext): Promise<{ port: number; print: string; heard: () => string }> {
  const { private: key, cert } = await generate([{ name: "commonName", value: "x" }], {
    keyType: "ec",
    algorithm: "sha256",
  });
  let heard = "";
  const listening = createServer({ key, cert }, (socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      heard += bytes.toString();
      socket.write("answer");
    });
  });
  listening.on("tlsClientError", () => {});
  listening.listen(0, "127.0.0.1");
  await once(listening, "listening");
  const sockets = new Set<{ destroy(): void }>();
  listening.on("connection", (socket) => sockets.add(socket));
  t.after(() => {
    listening.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    port: (listening.address() as AddressInfo).port,
    print: certificatePrint(new X509Certificate(cert)),
    heard: () => heard,
  };
}

const never = new AbortController().signal;

test("who holds the pinned key is dialled, whatever names and dates its certificate has", async (t) => {
  const { port, print } = await server(t);
  const socket = await dialTls({ host: "127.0.0.1", port, print, signal: never });
  t.after(() => socket.destroy());
  assert.equal(socket.getProtocol(), "TLSv1.3");
  socket.write("question");
  const [bytes] = (await once(socket, "data")) as [Buffer];
  assert.equal(bytes.toString(), "answer");
});

test("another key is told with its print, and nothing was said to it", async (t) => {
  const { port, print, heard } = await server(t);
  await assert.rejects(
    dialTls({ host: "127.0.0.1", port, print: "00".repeat(32), signal: never }),
    (error) => error instanceof PinMismatch && error.found === print,
  );
  assert.equal(heard(), "");
});

test("without a pin a certificate has to be one that the system trusts", async (t) => {
  const { port } = await server(t);
  await assert.rejects(dialTls({ host: "127.0.0.1", port, print: null, signal: never }), {
    code: "DEPTH_ZERO_SELF_SIGNED_CERT",
  });
});

test("an end before the connection is secure, and the caller's own, reject", async (t) => {
  const rude = createTcpServer((socket) => socket.destroy());
  rude.listen(0, "127.0.0.1");
  await once(rude, "listening");
  t.after(() => rude.close());
  const { port } = rude.address() as AddressInfo;
  await assert.rejects(dialTls({ host: "127.0.0.1", port, print: null, signal: never }));
  const silent = createTcpServer(() => {});
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const own = new AbortController();
  const dialled = dialTls({
    host: "127.0.0.1",
    port: (silent.address() as AddressInfo).port,
    print: null,
    signal: own.signal,
  });
  silent.once("connection", (socket) => {
    t.after(() => {
      socket.destroy();
      silent.close();
    });
    own.abort(new Error("enough"));
  });
  await assert.rejects(dialled, { message: "enough" });
});
