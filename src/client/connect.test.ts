import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect, endpointOf, type Target } from "./connect.ts";
import { daemonSocket, readDaemonFile } from "./find-daemon.ts";

/** A home with a folder for each mesh, and a peer on each socket that says which mesh it is of. */
async function home(t: TestContext, meshes: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "cm-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const mesh of meshes) {
    const dir = join(folder, "daemon", mesh);
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, "mesh.json"), "{}");
    await answering(t, join(dir, "sock"), mesh);
  }
  return folder;
}

async function answering(t: TestContext, path: string, mesh: string): Promise<void> {
  const server = createServer((_request, response) => void response.end(JSON.stringify({ mesh })));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => new Promise((resolve) => void server.close(resolve).closeAllConnections()));
}

async function reached(target: Target | undefined, env: Record<string, string>): Promise<string> {
  const client = connect(target, env);
  try {
    return (await client.health()).mesh;
  } finally {
    client.close();
  }
}

test("without a target it is the home's only daemon, or the one whose mesh the environment names", async (t) => {
  const one = await home(t, ["alpha"]);
  assert.equal(await reached(undefined, { CLAUDEMESH_HOME: one }), "alpha");
  const two = await home(t, ["alpha", "beta"]);
  assert.equal(await reached(undefined, { CLAUDEMESH_HOME: two, CLAUDEMESH_MESH: "beta" }), "beta");
  assert.throws(() => connect(undefined, { CLAUDEMESH_HOME: two }), { code: "usage" });
  assert.throws(() => connect(undefined, { CLAUDEMESH_HOME: two, CLAUDEMESH_MESH: "gamma" }), { code: "not_running" });
  assert.throws(() => connect(undefined, { CLAUDEMESH_HOME: join(one, "none") }), {
    code: "not_running",
    hint: "claudemesh up",
  });
});

test("a home or a mesh that is named goes before the environment", async (t) => {
  const [two, other] = [await home(t, ["alpha", "beta"]), await home(t, ["gamma"])];
  const env = { CLAUDEMESH_HOME: two, CLAUDEMESH_MESH: "beta" };
  assert.equal(await reached({ mesh: "alpha" }, env), "alpha");
  assert.equal(await reached({ home: other, mesh: "gamma" }, env), "gamma");
  assert.equal(await reached({ home: other }, { CLAUDEMESH_HOME: two }), "gamma");
});

test("the socket that the environment names is the daemon when nothing else is named, and only then", async (t) => {
  const one = await home(t, ["alpha"]);
  const path = join(one, "other.sock");
  await answering(t, path, "named");
  const env = { CLAUDEMESH_HOME: one, CLAUDEMESH_DAEMON_SOCK: path };
  assert.equal(await reached(undefined, env), "named");
  assert.equal(await reached({}, env), "named");
  assert.equal(await reached({ mesh: "alpha" }, env), "alpha");
  assert.equal(await reached({ home: one }, env), "alpha");
  assert.equal(await reached({ dir: join(one, "daemon", "alpha") }, env), "alpha");
  assert.equal(await reached(undefined, { ...env, CLAUDEMESH_DAEMON_SOCK: "" }), "alpha");
});

test("where a socket cannot be dialled it is the port that the daemon serves, with the token beside it", async (t) => {
  const one = await home(t, ["alpha"]);
  const dir = join(one, "daemon", "alpha");
  const found = () => endpointOf({ home: one }, {}, "win32");
  assert.throws(found, { code: "not_running", hint: "claudemesh up" });
  writeFileSync(join(dir, "daemon.json"), JSON.stringify({ pid: 1, socket: "x", http_port: null }));
  assert.throws(found, { code: "not_running" });
  writeFileSync(join(dir, "daemon.json"), JSON.stringify({ pid: 1, socket: "x", http_port: 4711 }));
  assert.throws(found, { code: "not_running" });
  writeFileSync(join(dir, "local_token"), "secret\n");
  assert.deepEqual(found(), { kind: "tcp", port: 4711, token: "secret" });
  assert.deepEqual(endpointOf({ dir }, {}, "win32"), found());
  assert.deepEqual(endpointOf({ home: one }, {}, "linux"), { kind: "unix", path: "x" });
});

test("what a copied home says of the daemon of the original leads nobody to that", async (t) => {
  const one = await home(t, ["alpha"]);
  const dir = join(one, "daemon", "alpha");
  const [linked, copy] = [`${one}-linked`, `${one}-copy`];
  t.after(() => {
    for (const path of [linked, copy]) rmSync(path, { recursive: true, force: true });
  });
  writeFileSync(join(dir, "daemon.json"), JSON.stringify({ pid: 1, socket: join(dir, "sock"), http_port: null }));
  mkdirSync(join(copy, "daemon"), { recursive: true });
  cpSync(join(dir, "daemon.json"), join(copy, "daemon", "alpha", "daemon.json"));
  symlinkSync(one, linked);
  assert.equal(daemonSocket(join(linked, "daemon", "alpha")), join(dir, "sock"));
  assert.equal(daemonSocket(join(copy, "daemon", "alpha")), join(copy, "daemon", "alpha", "sock"));
  assert.equal(readDaemonFile(join(copy, "daemon", "alpha")), null);
});
