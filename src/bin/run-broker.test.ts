import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { newIdentity, connectPeer, type Peer } from "../broker/testing/peer.ts";
import { adminClient } from "./admin-client.ts";
import { exitCodes } from "./exit-codes.ts";

const script = fileURLToPath(new URL("./run-broker.ts", import.meta.url));

interface Bench {
  readonly dataDir: string;
  run(...more: string[]): {
    readonly child: ChildProcess;
    readonly ended: Promise<{ code: number | null; stderr: string }>;
  };
  /** Resolves with the broker's address once its admin socket answers. */
  ready(): Promise<string>;
  peer(): Promise<Peer>;
}

function bench(t: TestContext): Bench {
  const root = mkdtempSync(join(tmpdir(), "cm-process-"));
  const dataDir = join(root, "broker");
  const children: ChildProcess[] = [];
  t.after(async () => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(root, { recursive: true, force: true });
  });
  const made: Bench = {
    dataDir,
    run(...more) {
      const child = spawn(process.execPath, [script, "--data-dir", dataDir, ...more], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      children.push(child);
      let stderr = "";
      child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
        stderr += chunk;
      });
      return { child, ended: new Promise((resolve) => child.once("close", (code) => resolve({ code, stderr }))) };
    },
    async ready() {
      for (;;) {
        const status = await adminClient(dataDir)
          .status()
          .catch(() => null);
        if (status !== null) return status.url;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async peer() {
      const url = await made.ready();
      const admin = adminClient(dataDir);
      const { mesh_id: meshId } = await admin.mesh("local");
      const identity = newIdentity();
      await admin.addMember(meshId, {
        member_id: identity.memberId,
        name: identity.memberId.slice(0, 12),
        role: "member",
      });
      return connectPeer({ url, meshId, identity });
    },
  };
  return made;
}

test("the broker's process stops in good order on SIGTERM: links hear 1012, and it exits with 0", async (t) => {
  const made = bench(t);
  const broker = made.run();
  const peer = await made.peer();
  broker.child.kill("SIGTERM");
  assert.equal((await peer.closed).code, 1012);
  assert.equal((await broker.ended).code, exitCodes.ok);
});

test("killed, it is started again at once on the same port with the same identity", async (t) => {
  const made = bench(t);
  const first = made.run();
  const url = await made.ready();
  const { broker_id } = await adminClient(made.dataDir).status();
  first.child.kill("SIGKILL");
  await first.ended;
  made.run();
  assert.equal(await made.ready(), url);
  assert.equal((await adminClient(made.dataDir).status()).broker_id, broker_id);
});

test("it exits with a code per reason, and says what to do", async (t) => {
  const made = bench(t);
  made.run();
  await made.ready();
  const second = await made.run().ended;
  assert.deepEqual([second.code, /claudemesh status/.test(second.stderr)], [exitCodes.already_running, true]);

  const wrong = bench(t);
  mkdirSync(wrong.dataDir, { mode: 0o700 });
  writeFileSync(join(wrong.dataDir, "config.toml"), "[rate_limit]\nmember_per_secnd = 5\n");
  const misspelled = await wrong.run().ended;
  assert.equal(misspelled.code, exitCodes.invalid_config);
  assert.match(misspelled.stderr, /config\.toml:2: .*\n.*did you mean `member_per_second`/);
  assert.equal((await wrong.run("--port", "seventy").ended).code, exitCodes.usage);
});

test("what its config.toml says holds", async (t) => {
  const made = bench(t);
  mkdirSync(made.dataDir, { mode: 0o700 });
  const settings = [
    "[listen]",
    'authorities = ["mesh.example:443"]',
    "[retention]",
    "dedupe_days = 40",
    "message_days = 20",
    "",
  ];
  writeFileSync(join(made.dataDir, "config.toml"), settings.join("\n"));
  made.run();
  const { ack } = await made.peer();
  assert.equal(ack.features.supported["client_message_id_dedupe"]?.params["dedupe_retention_days"], 40);
  assert.match(readFileSync(join(made.dataDir, "broker.log"), "utf8"), /broker started/);
});
