import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { WebSocketServer } from "ws";
import { systemClock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { closeCodes } from "../protocol/close-codes.ts";
import { createDaemon, type Daemon } from "./daemon.ts";
import { createMember } from "./identity/member.ts";
import type { MeshFile } from "./identity/mesh-file.ts";
import { createInbox } from "./inbox/inbox.ts";
import { windowFact } from "./link/link.ts";
import { problemOf } from "../http/checked-routes.fixture.ts";
import { httpCall, type Target } from "../http/http-call.fixture.ts";
import { createRouter } from "../http/router.ts";
import { apiRoutes } from "./localapi/routes.ts";

const mesh: MeshFile = {
  mesh_id: "0198f0a0-0000-7000-8000-000000000001",
  slug: "local",
  member_name: "ada",
  broker_url: "ws://127.0.0.1:9/v1/link",
  broker_key: "ab".repeat(32),
  certificate_print: null,
};

describe("a daemon", () => {
  let root: string;
  let dir: string;
  let logged: string[];
  let daemons: Daemon[];
  const write = (fields: Record<string, unknown>, message: string): void =>
    void logged.push(JSON.stringify({ ...fields, message }));
  const log: Log = { debug: write, info: write, warn: write, error: write };
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "cm-daemon-"));
    dir = join(root, "local");
    logged = [];
    daemons = [];
  });
  afterEach(async () => {
    for (const daemon of daemons) await daemon.stop();
    rmSync(root, { recursive: true });
  });
  const make = (where = dir, http = false): Daemon => {
    const daemon = createDaemon({ dir: where, clock: systemClock, log, http });
    daemons.push(daemon);
    return daemon;
  };
  const start = async (where = dir, http = false): Promise<Daemon> => {
    createMember(where, mesh, 0);
    const daemon = make(where, http);
    await daemon.start();
    return daemon;
  };
  const unix = (daemon: Daemon): Target => ({ socketPath: daemon.socketPath });
  const get = (daemon: Daemon, path: string) => httpCall(unix(daemon), "GET", path);

  it("whose broker is away takes messages, shows them, and says what it cannot do", async () => {
    const daemon = await start();
    const sent = await httpCall(unix(daemon), "POST", "/v1/send", {
      body: { to: "@ada", message: "note", client_message_id: "n-1" },
    });
    assert.deepEqual([sent.status, sent.json["state"]], [202, "queued"]);
    assert.equal((await get(daemon, "/v1/messages/n-1")).json["status"], "pending");
    assert.equal((await get(daemon, "/v1/outbox/1")).json["to"], "@ada");
    for (const path of ["/v1/inbox", "/v1/inbox/search?q=x", "/v1/mentions", "/v1/outbox"]) {
      assert.deepEqual((await get(daemon, path)).json, {
        items: path === "/v1/outbox" ? [(await get(daemon, "/v1/outbox/1")).json] : [],
        next_cursor: null,
      });
    }
    const health = await get(daemon, "/v1/health");
    assert.equal(health.json["status"], "degraded");
    assert.deepEqual(health.json["member"], { member_id: daemon.memberId, name: "ada", address: "@ada" });
    assert.notEqual((health.json["link"] as { state: string }).state, "connected");
    assert.equal((health.json["outbox"] as { pending: number }).pending, 1);
    const version = await get(daemon, "/v1/version");
    assert.deepEqual(
      [version.json["ipc_api"], version.json["schema_version"], version.json["broker_features"]],
      ["v1", 1, null],
    );
    assert.ok((version.json["ipc_features"] as string[]).includes("send"));
    const { routes } = apiRoutes({} as Parameters<typeof apiRoutes>[0]);
    for (const path of ["/v1/health", "/v1/version", "/v1/compat", "/v1/outbox/1"]) {
      const route = createRouter(routes, "").find("GET", path)?.route ?? assert.fail(path);
      const { status, json } = await get(daemon, path);
      assert.equal(problemOf(route, { status, body: json }), null, path);
    }
    assert.equal((await get(daemon, "/v1/members")).json["code"], "directory_unavailable");
    assert.equal(
      (await httpCall(unix(daemon), "POST", "/v1/topics", { body: { name: "x" } })).json["code"],
      "broker_unreachable",
    );
    for (const path of ["/v1/agent", "/v1/hook", "/"]) assert.equal((await get(daemon, path)).status, 404);
  });

  it("counts what it does", async () => {
    const daemon = await start();
    for (const id of ["a", "a", "b"])
      await httpCall(unix(daemon), "POST", "/v1/send", { body: { to: "@ada", message: "x", client_message_id: id } });
    const { text, headers } = await get(daemon, "/v1/metrics");
    assert.match(String(headers["content-type"]), /^text\/plain; version=0\.0\.4/);
    for (const line of [
      'cm_daemon_connected{mesh="local"} 0',
      'cm_daemon_outbox_depth{status="pending",mesh="local"} 2',
      'cm_daemon_dedupe_total{direction="out",mesh="local"} 1',
      'cm_daemon_send_total{kind="dm",status="queued",mesh="local"} 2',
      'cm_daemon_recv_total{mesh="local"} 0',
      'cm_daemon_ipc_request_total{endpoint="/v1/send",status="202",transport="unix",mesh="local"} 3',
    ])
      assert.ok(text.includes(`${line}\n`), `${line} is not in\n${text}`);
    assert.match(text, /^cm_daemon_outbox_age_seconds\{mesh="local"\} /m);
    assert.match(text, /^cm_daemon_disk_pct\{kind="outbox",mesh="local"\} 0\.0/m);
  });

  it("is alone on its directory, and can be started again after it stopped", async () => {
    const first = await start();
    await assert.rejects(make().start(), { code: "already_running", hint: "claudemesh status" });
    assert.equal((await get(first, "/v1/health")).status, 200);
    await first.stop();
    await first.stop();
    const second = await start();
    assert.equal((await get(second, "/v1/health")).status, 200);
  });

  it("keeps what it took through a restart, and announces itself only while it runs", async () => {
    const first = await start(dir, true);
    await httpCall(unix(first), "POST", "/v1/send", { body: { to: "@ada", message: "kept", client_message_id: "k" } });
    const found = JSON.parse(readFileSync(join(dir, "daemon.json"), "utf8")) as Record<string, unknown>;
    assert.deepEqual(
      [found["pid"], found["socket"], found["http_port"]],
      [process.pid, first.socketPath, first.httpPort],
    );
    assert.equal(Number(readFileSync(join(dir, "http.port"), "utf8")), first.httpPort);
    await first.stop();
    for (const name of ["daemon.json", "http.port", "sock"]) assert.equal(existsSync(join(dir, name)), false, name);
    const second = await start();
    assert.equal(second.httpPort, null);
    assert.equal(existsSync(join(dir, "http.port")), false);
    const again = await httpCall(unix(second), "POST", "/v1/send", {
      body: { to: "@ada", message: "kept", client_message_id: "k" },
    });
    assert.deepEqual([again.status, again.json["duplicate"]], [202, true]);
  });

  it("keeps its files to this user and its secrets out of the log", async () => {
    const daemon = await start(dir, true);
    const token = readFileSync(join(dir, "local_token"), "utf8").trim();
    await httpCall({ port: daemon.httpPort ?? 0, token }, "GET", `/v1/health?token=${token}`);
    assert.equal(statSync(dir).mode & 0o777, 0o700);
    for (const name of ["sock", "local_token", "keypair.json", "outbox.db", "inbox.db", "daemon.json"])
      assert.equal(statSync(join(dir, name)).mode & 0o777, 0o600, name);
    const secrets = JSON.parse(readFileSync(join(dir, "keypair.json"), "utf8")) as Record<string, string>;
    for (const secret of [token, secrets["ed25519_privkey"], secrets["x25519_privkey"], secrets["sealing_secret"]]) {
      assert.ok(secret !== undefined && !logged.join("\n").includes(secret));
    }
  });

  it("serves health, metrics and version without a token only when told to", async () => {
    createMember(dir, mesh, 0);
    writeFileSync(join(dir, "config.toml"), "[local_api]\npublic_health_check = true\n");
    const daemon = await start(dir, true);
    const bare = { port: daemon.httpPort ?? 0 };
    for (const path of ["/v1/health", "/v1/metrics", "/v1/version"])
      assert.equal((await httpCall(bare, "GET", path)).status, 200);
    for (const path of ["/v1/inbox", "/v1/compat", "/v1/outbox"])
      assert.equal((await httpCall(bare, "GET", path)).status, 401);
    assert.equal((await httpCall(bare, "GET", "/v1/health", { headers: { host: "evil.example" } })).status, 403);
  });

  it("ends when asked over its API, after answering", async () => {
    const daemon = await start();
    assert.equal((await httpCall(unix(daemon), "POST", "/v1/shutdown")).status, 202);
    assert.equal(await daemon.ended, null);
  });

  it("ends with the broker's reason when dialling again cannot help", async () => {
    const broker = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await new Promise((resolve) => broker.once("listening", resolve));
    broker.on("connection", (socket) => socket.close(closeCodes.replaced_by_newer_connection, "{}"));
    createMember(
      dir,
      { ...mesh, broker_url: `ws://127.0.0.1:${(broker.address() as { port: number }).port}/v1/link` },
      0,
    );
    const daemon = make();
    await daemon.start();
    assert.equal((await daemon.ended)?.kind, "replaced_by_newer_connection");
    assert.equal((await get(daemon, "/v1/health")).status, 200);
    await new Promise((resolve) => broker.close(resolve));
  });

  it("does not start on what it does not understand, and holds nothing afterwards", async () => {
    await assert.rejects(make(join(root, "absent")).start(), { code: "invalid_config" });
    mkdirSync(dir);
    await assert.rejects(make().start(), { code: "invalid_config" });
    createMember(dir, mesh, 0);
    writeFileSync(join(dir, "config.toml"), "[outbox]\nmax_age_hours = 3\n");
    await assert.rejects(make().start(), { code: "invalid_config", message: /config\.toml:2/ });
    rmSync(join(dir, "config.toml"));
    writeFileSync(join(dir, "schema_version"), "2\n");
    await assert.rejects(make().start(), { code: "schema_newer" });
    rmSync(join(dir, "schema_version"));
    await (await start()).stop();
    writeFileSync(join(dir, "outbox.db"), "this is not a database, whatever its name says".repeat(100));
    rmSync(join(dir, "outbox.db-wal"), { force: true });
    await assert.rejects(make().start(), { code: "store_corrupt" });
    rmSync(join(dir, "outbox.db"));
    await start();
  });

  it("does not start with a maximum age above what its broker last said it remembers", async () => {
    await (await start()).stop();
    const inbox = createInbox({
      path: join(dir, "inbox.db"),
      memberId: "",
      memberName: () => "",
      nameOf: () => null,
      clock: systemClock,
      log,
      fatal: () => {},
    });
    await inbox.start();
    await inbox.setFact(windowFact, JSON.stringify({ mode: "retention_scoped", dedupe_retention_days: 3 }));
    await inbox.stop();
    writeFileSync(join(dir, "config.toml"), "[outbox]\nmax_age_hours_override = 49\n");
    await assert.rejects(make().start(), { code: "outbox_max_age_above_dedupe_window" });
    writeFileSync(join(dir, "config.toml"), "[outbox]\nmax_age_hours_override = 48\n");
    await start();
  });

  it("in a directory with a long path is found where daemon.json says", async () => {
    const deep = join(root, "d".repeat(60), "e".repeat(60));
    mkdirSync(deep, { recursive: true });
    const daemon = await start(join(deep, "local"));
    assert.ok(Buffer.byteLength(daemon.socketPath) <= 100);
    assert.equal((await get(daemon, "/v1/health")).status, 200);
    const file = JSON.parse(readFileSync(join(deep, "local", "daemon.json"), "utf8")) as { socket: string };
    assert.equal(file.socket, daemon.socketPath);
    await daemon.stop();
    assert.equal(existsSync(file.socket), false);
  });
});
