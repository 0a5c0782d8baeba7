import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { adminClient } from "../../src/bin/admin-client.ts";
import { connect } from "../../src/client/connect.ts";
import { onEnd } from "./on-end.ts";

/** A program of the project as a process of its own. It is killed when the test ends. */
export interface ProgramProcess {
  readonly pid: number;
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
}

export interface DaemonProcess extends ProgramProcess {
  readonly unix: { readonly socketPath: string };
  readonly tcp: { readonly port: number; readonly token: string };
}

export interface BrokerProcess extends ProgramProcess {
  readonly dataDir: string;
  readonly admin: { readonly socketPath: string };
  readonly open: { readonly port: number };
  readonly url: string;
  readonly key: string;
}

/** The daemon of a folder that holds a member; resolves when both of its listeners answer. */
export async function daemonProcess(t: TestContext, dir: string): Promise<DaemonProcess> {
  const program = start(t, "run-daemon", ["--dir", dir, "--http"]);
  const path = join(dir, "daemon.json");
  const client = connect({ socketPath: join(dir, "sock") });
  await untilUp(program, async () => {
    if (existsSync(path)) await client.health();
    else throw new Error("not announced yet");
  });
  client.close();
  const { socket, http_port } = JSON.parse(readFileSync(path, "utf8")) as { socket: string; http_port: number };
  const token = readFileSync(join(dir, "local_token"), "utf8").trim();
  return { ...program, unix: { socketPath: socket }, tcp: { port: http_port, token } };
}

/** The broker of a folder; resolves when it answers. */
export async function brokerProcess(t: TestContext, dataDir: string): Promise<BrokerProcess> {
  const program = start(t, "run-broker", ["--data-dir", dataDir]);
  const { url, broker_key } = await untilUp(program, () => adminClient(dataDir).status());
  const file = JSON.parse(readFileSync(join(dataDir, "broker.json"), "utf8")) as { admin_socket: string; port: number };
  return {
    ...program,
    dataDir,
    admin: { socketPath: file.admin_socket },
    open: { port: file.port },
    url,
    key: broker_key,
  };
}

function start(t: TestContext, program: string, args: readonly string[]): ProgramProcess {
  const script = fileURLToPath(new URL(`../../src/bin/${program}.ts`, import.meta.url));
  const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<{ code: number | null; stderr: string }>((resolve) =>
    child.once("close", (code) => resolve({ code, stderr })),
  );
  onEnd(t, async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { pid: child.pid ?? 0, ended };
}

async function untilUp<T>(program: ProgramProcess, look: () => Promise<T>): Promise<T> {
  const gone = program.ended.then(({ code, stderr }) => {
    throw new Error(`ended with ${code}: ${stderr}`);
  });
  gone.catch(() => undefined);
  for (;;) {
    const found = await Promise.race([look().catch(() => null), gone]);
    if (found !== null) return found as T;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
