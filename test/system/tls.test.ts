import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect as connectTcp, type Socket } from "node:net";
import { createServer as createHttp } from "node:http";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect as connectTls, createServer } from "node:tls";
import { generate } from "selfsigned";
import { certificatePrint } from "../../src/base/pinned-tls.ts";
import type { JoinAnswer } from "../../src/cli/launcher.ts";
import { inviteLink, parseInvite } from "../../src/protocol/invite.ts";
import type { HealthView, InviteMade } from "../../src/protocol/local-api.ts";
import { connect } from "../../src/client/connect.ts";
import { host, ok, type TestHost } from "../support/claudemesh.ts";
import { onEnd } from "../support/on-end.ts";
import { tempFolder } from "../support/temp-folder.ts";

async function invite(alice: TestHost): Promise<InviteMade> {
  return JSON.parse(ok(await alice.run(["invite", "--json"]))) as InviteMade;
}

/** A certificate for localhost, as files, that signs itself. */
async function certificate(folder: string): Promise<{ cert: string; key: string }> {
  const made = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] },
    ],
  });
  mkdirSync(folder, { recursive: true });
  const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  writeFileSync(files.cert, made.cert);
  writeFileSync(files.key, made.private);
  return files;
}

/** The link's health once `found` holds. */
async function health(of: TestHost, found: (health: HealthView) => boolean): Promise<HealthView> {
  const client = connect({ socketPath: (await of.status()).daemons[0]?.socket ?? "" });
  try {
    for (;;) {
      const now = await client.health();
      if (found(now)) return now;
    }
  } finally {
    client.close();
  }
}

test("an operator's own certificate is pinned as it is given, and asked for again at the next start", async (t) => {
  const folder = tempFolder(t);
  const { cert, key } = await certificate(join(folder, "given"));
  const alice = host(t, "alice", folder);
  const files = ["--tls-cert", cert, "--tls-key", key];
  ok(await alice.run(["up", "--name", "alice", "--listen", "127.0.0.1:0", ...files]));
  const first = await invite(alice);
  ok(await alice.run(["down"]));
  assert.match(ok(await alice.run(["up"])), /for other hosts {2}wss:/);
  const again = await invite(alice);
  assert.deepEqual(parseInvite(again.link).transport, parseInvite(first.link).transport);
  assert.equal(parseInvite(again.link).authority, parseInvite(first.link).authority, "the port is the same one");
  const bob = host(t, "bob", folder);
  ok(await bob.run(["join", again.link, "--name", "bob"]));
  ok(await bob.run(["send", "@alice", "hi", "--wait", "delivered"]));
  ok(await alice.run(["broker", "up", "--listen", "127.0.0.1:0", "--tls"]));
  assert.notDeepEqual(parseInvite((await invite(alice)).link).transport, parseInvite(first.link).transport);
});

test("a daemon that meets another certificate sends nothing to it, says so, and links again once the right one is back", async (t) => {
  const folder = tempFolder(t);
  const alice = host(t, "alice", folder);
  ok(await alice.run(["up", "--name", "alice", "--listen", "127.0.0.1:0", "--tls"]));
  const { link } = await invite(alice);
  const bob = host(t, "bob", folder);
  const joined = JSON.parse(ok(await bob.run(["join", link, "--name", "bob", "--json"]))) as JoinAnswer;
  const address = new URL(joined.broker_url);
  ok(await alice.run(["broker", "down"]));

  const { cert, key } = await certificate(join(folder, "other"));
  let heard = "";
  const impostor = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      heard += bytes.toString();
    });
  });
  impostor.on("tlsClientError", () => {});
  impostor.listen(Number(address.port), "127.0.0.1");
  await once(impostor, "listening");
  const gone = once(impostor, "close");
  onEnd(t, () => void impostor.close());
  ok(await bob.run(["send", "@alice", "for alice alone", "--id", "1"]));
  const met = await health(bob, ({ link }) => /not the one that was pinned/.test(link.last_error ?? ""));
  assert.equal(met.status, "degraded");
  assert.equal(heard, "");
  impostor.close();
  await gone;

  ok(await alice.run(["up"]));
  ok(await bob.run(["send", "@alice", "for alice alone", "--id", "1", "--wait", "delivered"]));
});

test("behind a proxy with a certificate that systems trust, invites name the proxy and pin nothing", async (t) => {
  const folder = tempFolder(t);
  const { cert, key } = await certificate(join(folder, "proxy"));
  const alice = host(t, "alice", folder);
  const port = await proxy(t, { cert, key }, async () => Number(new URL((await alice.status()).broker.url ?? "").port));
  mkdirSync(join(alice.home, "broker"), { recursive: true, mode: 0o700 });
  writeFileSync(join(alice.home, "broker", "config.toml"), `[listen]\npublic_url = "wss://localhost:${port}"\n`);
  ok(await alice.up());
  const made = await invite(alice);
  assert.equal(made.loopback, false);
  assert.deepEqual(
    [parseInvite(made.link).authority, parseInvite(made.link).transport],
    [`localhost:${port}`, { kind: "trusted" }],
  );
  const bob = host(t, "bob", folder);
  const untrusting = await bob.run(["join", made.link, "--name", "bob"]);
  assert.equal(untrusting.code, 8);
  assert.match(
    untrusting.stderr,
    /does not trust the TLS certificate of localhost:\d+: self-signed certificate; nothing/,
  );
  assert.doesNotMatch(untrusting.stderr, /Node\.js/);
  const trusting = { env: { NODE_EXTRA_CA_CERTS: cert } };
  ok(await bob.run(["join", made.link, "--name", "bob"], trusting));
  ok(await bob.run(["send", "@alice", "hi", "--wait", "delivered"]));
});

test("an authority among the system's certificates is trusted, and a proxy that reaches no broker is told as that", async (t) => {
  const folder = tempFolder(t);
  const { cert, key } = await certificate(join(folder, "proxy"));
  const alice = host(t, "alice", folder);
  let target = 0;
  const port = await proxy(t, { cert, key }, async () => target);
  mkdirSync(join(alice.home, "broker"), { recursive: true, mode: 0o700 });
  writeFileSync(join(alice.home, "broker", "config.toml"), `[listen]\npublic_url = "wss://localhost:${port}"\n`);
  ok(await alice.up());
  const { link } = await invite(alice);
  const broken = createHttp((_request, response) => void response.writeHead(502).end()).listen(0, "127.0.0.1");
  await once(broken, "listening");
  onEnd(t, () => void broken.close());
  const system = { env: { SSL_CERT_FILE: cert } };
  const bob = host(t, "bob", folder);
  target = (broken.address() as AddressInfo).port;
  const refused = await bob.run(["join", link, "--name", "bob"], system);
  assert.equal(refused.code, 8);
  assert.match(
    refused.stderr,
    /does not reach the broker \(502\) \(broker_unreachable\)\nhint: .*claudemesh broker status/,
  );
  target = Number(new URL((await alice.status()).broker.url ?? "").port);
  ok(await bob.run(["join", link, "--name", "bob"], system));
  ok(await bob.run(["send", "@alice", "hi", "--wait", "delivered"]));
});

test("who stands between with a certificate of their own is found out by joiner and by broker, though the link was changed to pin it", async (t) => {
  const folder = tempFolder(t);
  const alice = host(t, "alice", folder);
  const files = await certificate(join(folder, "between"));
  let real: URL | null = null;
  const port = await relay(t, files, () => Number(real?.port));
  mkdirSync(join(alice.home, "broker"), { recursive: true, mode: 0o700 });
  // What the victim dials is the broker's own name: the attacker is on the way to it.
  writeFileSync(join(alice.home, "broker", "config.toml"), `[listen]\nauthorities = ["localhost:${port}"]\n`);
  ok(await alice.run(["up", "--name", "alice", "--listen", "127.0.0.1:0", "--tls"]));
  real = new URL((await alice.status()).broker.exposed_url ?? "");
  const { link } = await invite(alice);
  const print = certificatePrint(new X509Certificate(readFileSync(files.cert)));
  const changed = { authority: `localhost:${port}`, transport: { kind: "pinned", certificate_print: print } } as const;
  const bob = host(t, "bob", folder);
  const caught = await bob.run(["join", inviteLink({ ...parseInvite(link), ...changed }), "--name", "bob", "--json"]);
  assert.equal((JSON.parse(caught.stderr) as { code: string }).code, "certificate_mismatch");

  ok(await bob.run(["join", link, "--name", "bob"]));
  ok(await bob.run(["down"]));
  const path = join(bob.home, "daemon", "team", "mesh.json");
  const mesh = JSON.parse(readFileSync(path, "utf8")) as object;
  const led = { broker_url: `wss://localhost:${port}/v1/link`, certificate_print: print };
  writeFileSync(path, JSON.stringify({ ...mesh, ...led }));
  await bob.run(["daemon", "up"]);
  const doctor = await health(bob, () => true).catch(() => null);
  assert.notEqual(doctor?.link.state, "connected");
  assert.match(readFileSync(join(bob.home, "daemon", "team", "daemon.log"), "utf8"), /somebody stands between/);
});

/** As {@link proxy}, to a listener that wants TLS itself: what an attacker on the way does. */
function relay(t: TestContext, files: { cert: string; key: string }, target: () => number): Promise<number> {
  return between(t, files, () => connectTls({ port: target(), host: "127.0.0.1", rejectUnauthorized: false }));
}

/** Opens TLS and passes on what is inside. */
function proxy(t: TestContext, files: { cert: string; key: string }, target: () => Promise<number>): Promise<number> {
  return between(t, files, async () => connectTcp(await target(), "127.0.0.1"));
}

async function between(
  t: TestContext,
  files: { cert: string; key: string },
  dial: () => Socket | Promise<Socket>,
): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ cert: readFileSync(files.cert), key: readFileSync(files.key) }, async (secure) => {
    const inner = await dial();
    for (const socket of [secure, inner]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket));
    }
    secure.pipe(inner).pipe(secure);
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "localhost");
  await once(server, "listening");
  onEnd(t, () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}
