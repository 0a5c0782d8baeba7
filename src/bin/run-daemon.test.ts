import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { connect } from "../client/connect.ts";
import { createMember } from "../daemon/identity/member.ts";
import type { MeshFile } from "../daemon/identity/mesh-file.ts";
import { closeCodes } from "../protocol/close-codes.ts";
import { exitCodes } from "./exit-codes.ts";

const mesh: MeshFile = {
  mesh_id: "0198f0a0-0000-7000-8000-000000000001",
  slug: "local",
  member_name: "ada",
  broker_url: "ws://127.0.0.1:9/v1/link",
  broker_key: "ab".repeat(32),
  certificate_print: null,
};
const script = fileURLToPath(new URL("./run-daemon.ts", import.meta.url));

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; stderr: string }>;
}

describe("the daemon's process", () => {
  let root: string;
  let dir: string;
  let children: ChildProcess[];
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "cm-process-"));
    dir = join(root, "local");
    children = [];
  });
  afterEach(async () => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(root, { recursive: true });
  });
  const run = (args: readonly string[] = ["--dir", dir]): Run => {
    const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "ignore", "pipe"] });
    children.push(child);
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      stderr += chunk;
    });
    return { child, ended: new Promise((resolve) => child.once("close", (code) => resolve({ code, stderr }))) };
  };
  /** daemon.json of this very process is there, and its socket right after it. */
  const ready = (one: Run): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const path = join(dir, "daemon.json");
        if (!existsSync(path) || !existsSync(join(dir, "sock"))) return;
        if ((JSON.parse(readFileSync(path, "utf8")) as { pid: number }).pid !== one.child.pid) return;
        const client = connect({ socketPath: join(dir, "sock") });
        client
          .health()
          .then(
            () => {
              watcher.close();
              resolve();
            },
            () => setImmediate(look),
          )
          .finally(() => client.close());
      };
      const watcher = watch(dir, look);
      void one.ended.then(({ code, stderr }) => {
        watcher.close();
        reject(new Error(`ended with ${code}: ${stderr}`));
      });
      look();
    });

  it("stops in good order on SIGTERM and when asked over its API, and exits with 0", async () => {
    createMember(dir, mesh, 0);
    const first = run();
    await ready(first);
    first.child.kill("SIGTERM");
    assert.equal((await first.ended).code, exitCodes.ok);
    assert.equal(existsSync(join(dir, "sock")), false);
    const second = run();
    await ready(second);
    const client = connect({ socketPath: join(dir, "sock") });
    await client.shutdown();
    client.close();
    assert.equal((await second.ended).code, exitCodes.ok);
    const lines = readFileSync(join(dir, "daemon.log"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { msg: string });
    assert.equal(lines.filter(({ msg }) => msg === "the daemon has stopped").length, 2);
  });

  it("killed in the middle of its work keeps everything it answered for, and starts again at once", async () => {
    createMember(dir, mesh, 0);
    const first = run();
    await ready(first);
    const client = connect({ socketPath: join(dir, "sock") });
    const kept: string[] = [];
    const sending = Array.from({ length: 16 }, async (_, lane) => {
      for (let index = 0; ; index++) {
        const id = `${lane}-${index}`;
        try {
          await client.send({ to: "@ada", message: id, client_message_id: id }, { timeoutMs: 500 });
        } catch {
          return;
        }
        kept.push(id);
        if (kept.length === 300) first.child.kill("SIGKILL");
      }
    });
    await Promise.all(sending);
    client.close();
    await first.ended;
    assert.ok(kept.length >= 300);
    const second = run();
    await ready(second);
    const again = connect({ socketPath: join(dir, "sock") });
    for (const id of kept) assert.equal((await again.message(id)).status, "pending", id);
    again.close();
  });

  it("exits with a code per reason, and says what to do", async () => {
    assert.equal((await run([]).ended).code, exitCodes.usage);
    createMember(dir, mesh, 0);
    const first = run();
    await ready(first);
    const second = await run().ended;
    assert.equal(second.code, exitCodes.already_running);
    assert.match(second.stderr, /claudemesh status/);
    first.child.kill("SIGTERM");
    await first.ended;
    writeFileSync(join(dir, "config.toml"), "[outbx]\n");
    const refused = await run().ended;
    assert.equal(refused.code, exitCodes.invalid_config);
    assert.match(refused.stderr, /config\.toml:1[\s\S]*did you mean `outbox`/);
  });

  it("exits with the broker's reason, once, when dialling again cannot help", async () => {
    const broker = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await new Promise((resolve) => broker.once("listening", resolve));
    broker.on("connection", (socket) => socket.close(closeCodes.member_revoked, "{}"));
    createMember(
      dir,
      { ...mesh, broker_url: `ws://127.0.0.1:${(broker.address() as { port: number }).port}/v1/link` },
      0,
    );
    const ended = await run().ended;
    assert.equal(ended.code, exitCodes.member_revoked);
    assert.match(ended.stderr, /ask an admin/);
    await new Promise((resolve) => broker.close(resolve));
  });
});
