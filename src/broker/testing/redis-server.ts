import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { isStopped, processStat } from "../../base/process-stat.ts";

/** A real redis-server of this test's own, on a free port and a folder of its own. Ended with the test. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Ends it in good order; what it holds is lost unless `appendonly`. */
  stop(): Promise<void>;
  /** Ends it by SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again on the same port and folder, after `stop` or `kill`. Resolves when it takes connections. */
  restart(): Promise<void>;
  /** It keeps its connections and answers nothing (SIGSTOP) until `resume`. Resolves when it is held. */
  pause(): Promise<void>;
  resume(): void;
}

export interface RedisServerOptions {
  readonly appendonly?: boolean;
  readonly password?: string;
  /** Speaks TLS only. Paths of files in PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

const startAttemptsMax = 5;

export async function redisServer(
  t: Pick<TestContext, "after">,
  options: RedisServerOptions = {},
): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), "cm-redis-"));
  let running: Started | null = null;

  async function end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const last = running;
    running = null;
    if (signal === "SIGTERM") last?.child.kill("SIGCONT");
    last?.child.kill(signal);
    await last?.exited;
  }
  t.after(async () => {
    await end("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  let port = 0;
  for (let attempt = 1; running === null; attempt += 1) {
    port = await freePort();
    try {
      running = await startServer(port, folder, options);
    } catch (thrown) {
      // Somebody else may have taken the port between the look and the start.
      if (attempt === startAttemptsMax || !String(thrown).includes("in use")) throw thrown;
    }
  }
  const userinfo = options.password === undefined ? "" : `:${encodeURIComponent(options.password)}@`;
  return {
    url: `${options.tls === undefined ? "redis" : "rediss"}://${userinfo}127.0.0.1:${port}`,
    port,
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    async restart() {
      await end("SIGKILL");
      running = await startServer(port, folder, options);
    },
    async pause() {
      const pid = running?.child.pid;
      if (pid === undefined) return;
      process.kill(pid, "SIGSTOP");
      // The signal is on its way: on another core it may still answer.
      while (!isHeld(pid)) await new Promise((resolve) => setImmediate(resolve));
    },
    resume: () => void running?.child.kill("SIGCONT"),
  };
}

/**
 * Where a test finds Redis that does not end or hold it: the server of REDIS_URL, else one of its own. Several tests
 * may share it at once, so every key begins with the `prefix` of this one.
 */
export async function anyRedis(t: TestContext): Promise<{ readonly url: string; readonly prefix: string }> {
  const prefix = `cm-test-${process.pid}-${Math.random().toString(36).slice(2)}`;
  return { url: process.env["REDIS_URL"] ?? (await redisServer(t)).url, prefix };
}

interface Started {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
}

async function startServer(port: number, folder: string, options: RedisServerOptions): Promise<Started> {
  const { tls, password } = options;
  const ports =
    tls === undefined
      ? ["--port", `${port}`]
      : ["--port", "0", "--tls-port", `${port}`, "--tls-cert-file", tls.cert, "--tls-key-file", tls.key].concat([
          "--tls-ca-cert-file",
          tls.cert,
          "--tls-auth-clients",
          "no",
        ]);
  const child = spawn(
    "redis-server",
    [...ports, "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--daemonize", "no"]
      .concat(["--appendonly", options.appendonly === true ? "yes" : "no"])
      .concat(password === undefined ? [] : ["--requirepass", password]),
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const exited = new Promise((resolve) => child.once("close", resolve));
  await new Promise<void>((resolve, reject) => {
    let said = "";
    child.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "ENOENT"
          ? new Error("redis-server is not installed: apt-get install redis-server (the Debian package of that name)")
          : error,
      ),
    );
    child.once("close", (code) => reject(new Error(`redis-server ended with ${code}: ${said}`)));
    const read = (chunk: Buffer): void => {
      said += chunk.toString();
      if (said.includes("Ready to accept connections")) resolve();
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
  });
  return { child, exited };
}

function isHeld(pid: number): boolean {
  const stat = processStat(pid);
  return stat !== null && isStopped(stat);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
