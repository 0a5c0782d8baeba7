import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readBrokerFile } from "../src/broker/broker-file.ts";

const brokerProgram = fileURLToPath(new URL("../src/bin/run-broker.ts", import.meta.url));
const startDeadlineMs = 60_000;

/** A broker as a process of its own, on one port and folder for all its lives. */
export interface BrokerProcess {
  readonly dataDir: string;
  /** null while it is down. */
  readonly port: () => number | null;
  start(): Promise<void>;
  /** Resolves with the exit code when it has ended. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null>;
}

export interface BrokerEnvironment {
  readonly DATABASE_URL: string;
  readonly REDIS_URL: string;
  readonly CLAUDEMESH_DEPLOYMENT_DIR: string;
}

export function brokerProcess(dataDir: string, env: BrokerEnvironment): BrokerProcess {
  let child: ChildProcess | null = null;
  let ended: Promise<number | null> = Promise.resolve(null);
  let ready = false;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });

  return {
    dataDir,
    port: () => (ready ? (readBrokerFile(dataDir)?.port ?? null) : null),
    async start() {
      let said = "";
      const started = spawn(process.execPath, [brokerProgram, "--data-dir", dataDir], {
        env: { ...process.env, ...env },
        stdio: ["ignore", "ignore", "pipe"],
      });
      started.stderr.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
      child = started;
      ended = new Promise((resolve) =>
        started.once("close", (code) => {
          ready = false;
          resolve(code);
        }),
      );
      for (const deadline = Date.now() + startDeadlineMs; !(await answers(dataDir)); await pause(50))
        if (started.exitCode !== null || Date.now() > deadline) throw new Error(`a broker did not start: ${said}`);
      ready = true;
    },
    async end(signal) {
      // Whoever is killed takes no new connections; whoever is told to stop says so by itself.
      if (signal === "SIGKILL") ready = false;
      child?.kill(signal);
      return ended;
    },
  };
}

/** Readiness as an operator's balancer asks for it. */
function answers(dataDir: string): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      const port = readBrokerFile(dataDir)?.port ?? null;
      if (port === null) return resolve(false);
      request({ host: "127.0.0.1", port, path: "/readyz", agent: false, timeout: 2_000 }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      })
        .on("error", () => resolve(false))
        .end();
    } catch {
      resolve(false);
    }
  });
}

/** TCP, round robin among the brokers that take connections. */
export interface Balancer {
  readonly authority: string;
  close(): Promise<void>;
}

export async function balancer(ports: () => readonly number[]): Promise<Balancer> {
  const sockets = new Set<Socket>();
  let turn = 0;

  function relay(near: Socket, candidates: readonly number[]): void {
    const [port, ...others] = candidates;
    if (port === undefined) return void near.destroy();
    const far = connect({ host: "127.0.0.1", port });
    sockets.add(far);
    let up = false;
    far.once("connect", () => {
      up = true;
      near.pipe(far).pipe(near);
    });
    far.on("error", () => undefined);
    far.once("close", () => {
      sockets.delete(far);
      if (!up && !near.destroyed) return relay(near, others);
      near.destroy();
    });
    near.once("close", () => far.destroy());
  }

  const server = createServer((near) => {
    sockets.add(near);
    near.on("error", () => undefined);
    near.once("close", () => sockets.delete(near));
    const live = ports();
    turn += 1;
    relay(
      near,
      live.map((_, index) => live[(turn + index) % live.length] ?? 0),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    authority: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Settings that all brokers share: how they are dialled. */
export function writeDeployment(folder: string, authority: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, "config.toml"), `[listen]\nauthorities = ["${authority}"]\n`);
}
