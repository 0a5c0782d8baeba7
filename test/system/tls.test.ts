import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect as connectTcp } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createServer } from "node:tls";
import { generate } from "selfsigned";
import type { JoinAnswer } from "../../src/cli/launcher.ts";
import { parseInvite } from "../../src/protocol/invite.ts";
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
  assert.match(untrusting.stderr, /cannot be reached: self-signed certificate/);
  const trusting = { env: { NODE_EXTRA_CA_CERTS: cert } };
  ok(await bob.run(["join", made.link, "--name", "bob"], trusting));
  ok(await bob.run(["send", "@alice", "hi", "--wait", "delivered"]));
});

/** Opens TLS and passes on what is inside. */
async function proxy(
  t: TestContext,
  files: { cert: string; key: string },
  target: () => Promise<number>,
): Promise<number> {
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer({ cert: readFileSync(files.cert), key: readFileSync(files.key) }, async (secure) => {
    const inner = connectTcp(await target(), "127.0.0.1");
    for (const socket of [secure, inner]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket));
    }
    secure.pipe(inner).pipe(secure);
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onEnd(t, () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}
