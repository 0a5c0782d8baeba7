import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { createServer } from "node:tls";
import { generate } from "selfsigned";
import type { DaemonStatus } from "../../cli/launcher.ts";
import type { Environment } from "../environment/detect.ts";
import { check as token } from "./token.ts";
import { acquireLock } from "../../base/lock-file.ts";
import { defaultConfig } from "../../daemon/config.ts";
import { acceptHost } from "../../daemon/identity/host/accept-host.ts";
import { linuxHost, readersOf, type SimulatedHost } from "../../daemon/identity/host/simulated-host.fixture.ts";
import { check as brokerCertificate } from "./broker-certificate.ts";
import { check as certificate } from "./certificate.ts";
import { certificateEnd } from "./certificate-end.ts";
import { hostWith, siteWith, states } from "./doctor.fixture.ts";
import { check as copies } from "./copies.ts";
import { check as environment } from "./environment.ts";
import { check as fileSystem } from "./file-system.ts";
import { createHost } from "./host.ts";
import { check as hostFingerprint } from "./host-fingerprint.ts";
import { isSeenLocked } from "./kernel-locks.ts";
import { processesWith } from "./processes.ts";
import { laptop } from "../service/service-spec.fixture.ts";
import { serviceManager } from "../service/choose-manager.ts";
import { thisHost } from "../service/service-host.ts";
import { check as servicesCheck } from "./services.ts";
import type { DaemonSite } from "./sites.ts";

const dayMs = 86_400_000;
const ci = { kind: "ci", because: "CI is set: this is a CI job" } as const;
const machineId = "3f1c9d5e7a8b4c2d9e0f1a2b3c4d5e6f";
const onLinux = { skip: process.platform !== "linux" };

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "cm-host-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

describe("the disk of a home", () => {
  test("is read as the system says it is", onLinux, (t) => {
    const host = createHost(folder(t), 0);
    const free = host.free(host.home);
    assert.ok(free !== null && free.bytes > 0);
    assert.equal(host.fileSystem(host.home)?.readOnly, false);
    // The one of processes has no room and counts no files.
    assert.deepEqual(host.free("/proc"), { bytes: 0, files: null });
    assert.equal(host.fileSystem("/proc")?.type, 0x9fa0);
    assert.equal(host.free(join(host.home, "nothing")), null);
    assert.equal(host.fileSystem(join(host.home, "nothing")), null);
  });

  test("is a problem where other hosts share it, and where nothing can be written", async () => {
    for (const [type, readOnly, state, says] of [
      [0xef53, false, "ok", /on a disk of this host/],
      [0x6969, false, "problem", /on NFS: locks and databases do not hold/],
      [0xfe534d42, false, "problem", /on SMB/],
      [0x01021997, false, "problem", /on 9p/],
      [0x65735546, false, "warning", /FUSE/],
      [0x01021994, false, "ok", /tmpfs: it is gone when the machine is started again/],
      [0xef53, true, "problem", /is read-only/],
    ] as const) {
      const [found] = await fileSystem.run(hostWith({ fileSystem: () => ({ type, readOnly }) }), null);
      assert.equal(found?.state, state);
      assert.match(found?.message ?? "", says);
    }
    assert.deepEqual(await fileSystem.run(hostWith(), null), []);
  });
});

test("an environment that opens programs to a debugger, or hands a passphrase on, is warned of", async () => {
  const found = async (variables: Readonly<Record<string, string>>) =>
    environment.run(hostWith({ variable: (name) => variables[name] ?? null }), null);
  for (const options of ["--inspect", "--no-warnings --inspect=0.0.0.0:9229", "--inspect-brk"]) {
    const [warned] = await found({ NODE_OPTIONS: options });
    assert.match(warned?.message ?? "", /debugger/, options);
    assert.match(warned?.hint ?? "", /^unset NODE_OPTIONS; then: claudemesh daemon restart$/);
  }
  assert.deepEqual(await found({ NODE_OPTIONS: "--max-old-space-size=512 --inspector-is-no-option" }), []);
  assert.deepEqual(await environment.run(hostWith({ environment: () => ci }), null), [
    { state: "ok", message: "CI is set: this is a CI job", hint: null },
  ]);
  const [passphrase] = await found({ CLAUDEMESH_BACKUP_PASSPHRASE: "x" });
  assert.equal(passphrase?.hint, "unset CLAUDEMESH_BACKUP_PASSPHRASE");
});

describe("a certificate", () => {
  const site = siteWith({ brokerTls: { host: "mesh.example", port: 443 } });
  test("that the system must trust is told of before it ends", async () => {
    const { now } = hostWith();
    for (const [end, expected] of [
      [null, []],
      [now + 30 * dayMs, ["ok"]],
      [now + 13 * dayMs, ["warning"]],
      [now - 1, ["problem"]],
    ] as const)
      assert.deepEqual(await states(certificate, hostWith({ certificateEnd: async () => end }), site), expected);
    const never = hostWith({ certificateEnd: () => Promise.reject(new Error("a pinned one is not asked for")) });
    assert.deepEqual(await certificate.run(never, siteWith()), []);
  });

  test("is read of whatever answers there with one, and of nothing else", async (t) => {
    const end = Math.floor(Date.now() / 1_000) * 1_000 + 5 * dayMs;
    const { cert, key } = await madeUntil(end);
    const server = createServer({ cert, key }).listen(0, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
    assert.equal(await certificateEnd("127.0.0.1", (server.address() as AddressInfo).port, 5_000), end);
    const silent = createTcpServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    t.after(() => silent.close());
    await once(silent, "listening");
    assert.equal(await certificateEnd("127.0.0.1", (silent.address() as AddressInfo).port, 5_000), null);
  });

  test("that the operator has given is looked at with its key", async (t) => {
    const dir = folder(t);
    const [cert, key] = [join(dir, "cert.pem"), join(dir, "key.pem")];
    writeFileSync(join(dir, "listen.json"), JSON.stringify({ tls_cert: cert, tls_key: key }));
    const of = {
      dir,
      status: { state: "stopped", url: null, exposed_url: null, pid: null, data_dir: dir },
    } as const;
    const { now } = hostWith();
    const made = await madeUntil(now + 3 * dayMs);
    writeFileSync(cert, made.cert);
    writeFileSync(key, made.key);
    const [found] = await brokerCertificate.run(hostWith(), of);
    assert.deepEqual(found, {
      state: "warning",
      message: `the certificate ${cert} ends on 2026-11-28, in 3 days`,
      hint: "renew it around the same key, then: claudemesh broker restart",
    });
    writeFileSync(key, (await madeUntil(now + dayMs)).key);
    assert.throws(() => brokerCertificate.run(hostWith(), of), /is not the key of the certificate/);
  });
});

test("a member whose host cannot be known again, or only in part, is warned of", async (t) => {
  const dir = folder(t);
  const site = siteWith({ dir });
  const before = linuxHost({ machineId, nics: [{ name: "eth0", mac: "00:11:22:33:44:55" }] });
  await acceptHost({ dir, clone: defaultConfig.clone, now: 0, readers: readersOf(before) });
  const found = async (host: SimulatedHost) =>
    (await hostFingerprint.run(hostWith({ readers: readersOf(host) }), site)).map(({ state, message }) => [
      state,
      message,
    ]);
  assert.deepEqual(await found(before), [["ok", "this host is the one that the member was on, by machine-id"]]);
  const nics = [{ name: "eth0", mac: "00:11:22:33:44:66" }];
  assert.deepEqual(await found(linuxHost({ machineId, nics })), [
    ["warning", "none of the network addresses is here that this member's host had: it may be a copy"],
  ]);
  assert.deepEqual(await found(linuxHost({ machineId: null, nics })), [
    ["warning", "machine-id cannot be read now, so whether it is the same host is not known"],
  ]);
  assert.deepEqual(await hostFingerprint.run(hostWith(), siteWith({ dir: join(dir, "nothing") })), []);
});

test("a member who told the broker of another host is named for a week", async () => {
  const { now } = hostWith();
  const members = async () =>
    [
      ["ann", null],
      ["bob", new Date(now - dayMs).toISOString()],
      ["carol", new Date(now - 8 * dayMs).toISOString()],
    ].map(([name, clone_suspected_at]) => ({ name, clone_suspected_at }));
  const client = { members } as unknown as DaemonSite["client"];
  const found = await copies.run(hostWith(), siteWith({ client }));
  assert.deepEqual(
    found.map(({ state, hint }) => [state, hint]),
    [["warning", "ask whoever runs it; if it is not theirs: claudemesh member revoke @bob --mesh local"]],
  );
});

test("a service is a problem when the Node or the program that it starts is gone", async (t) => {
  const root = folder(t);
  const [node, program] = [join(root, "node"), join(root, "claudemesh.js")];
  const services = { ...thisHost, platform: "linux" as const, root, homeFolder: join(root, "ann") };
  const host = hostWith({ services, exists: existsSync });
  const manager = serviceManager(services);
  const install = (scope: "user" | "system", mesh: string | null): void => {
    const spec = { ...laptop, scope, home: host.home, mesh, node, program, user: scope === "system" ? "ann" : null };
    mkdirSync(manager.folder(scope, host.home), { recursive: true });
    writeFileSync(
      join(manager.folder(scope, host.home), manager.fileName("claudemesh-daemon")),
      manager.bytes(spec, "claudemesh-daemon"),
    );
  };
  assert.deepEqual(await servicesCheck.run(host, null), []);
  writeFileSync(node, "");
  writeFileSync(program, "");
  install("user", "local");
  assert.deepEqual(await states(servicesCheck, host, null), ["ok"]);
  rmSync(node);
  const [gone] = await servicesCheck.run(host, null);
  assert.match(gone?.message ?? "", new RegExp(`claudemesh-daemon.service starts ${node}, which is not there`));
  assert.match(gone?.hint ?? "", /^claudemesh install-service --mesh local writes it anew/);
  install("system", null);
  const [, ofSystem] = await servicesCheck.run(host, null);
  assert.match(ofSystem?.hint ?? "", /^sudo CLAUDEMESH_HOME=\S+ \S+ \S+ install-service --system writes it anew/);
});

test("a local API on TCP is warned of in a container, and nowhere else", async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, "local_token"), "t".repeat(43));
  const status = { http_port: 4_712 } as DaemonStatus;
  const inside = { kind: "container", because: "/.dockerenv says so: this is a container" } as const;
  const found = (kind: Environment) =>
    token.run({ ...createHost(dir, 0), environment: () => kind }, siteWith({ dir, status }));
  const [warned] = await found(inside);
  assert.match(warned?.message ?? "", /listens on 127\.0\.0\.1:4712 in a container/);
  assert.match(warned?.hint ?? "", /claudemesh daemon up --no-http --mesh local$/);
  for (const other of [ci, { kind: "host", because: null } as const])
    assert.deepEqual(
      (await found(other)).map(({ state }) => state),
      ["ok"],
    );
});

test("a lock that is held is seen without being asked for", onLinux, (t) => {
  const path = join(folder(t), "daemon.lock");
  assert.equal(isSeenLocked(path), false);
  const lock = acquireLock(path);
  assert.equal(isSeenLocked(path), true);
  assert.equal(isSeenLocked(path, "/nonexistent"), false);
  lock.release();
  assert.equal(isSeenLocked(path), false);
});

test("processes are looked through where the system shows them, whatever else stands there", (t) => {
  const proc = folder(t);
  for (const [pid, words, variables] of [
    ["12", "curl\0-H\0Bearer abc\0", "A=1\0"],
    ["13", "sh\0", "TOKEN=abc\0"],
    ["self", "abc", "abc"],
  ] as const) {
    mkdirSync(join(proc, pid));
    writeFileSync(join(proc, pid, "cmdline"), words);
    writeFileSync(join(proc, pid, "environ"), variables);
  }
  // One that has ended meanwhile.
  mkdirSync(join(proc, "14"));
  assert.deepEqual(processesWith("abc", proc), { words: [12], environment: [13] });
  assert.deepEqual(processesWith("abc", join(proc, "nothing")), { words: [], environment: [] });
});

async function madeUntil(end: number): Promise<{ readonly cert: string; readonly key: string }> {
  const { privateKey: key, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const { cert } = await generate([{ name: "commonName", value: "mesh.example" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    keyPair: { privateKey: key, publicKey },
    notBeforeDate: new Date(end - 90 * dayMs),
    notAfterDate: new Date(end),
  });
  return { cert, key };
}
