import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, watch } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { adminClient } from "../../src/bin/admin-client.ts";
import type { BrokerEnvironment } from "../../src/bin/broker-program.ts";
import { readLogLine } from "../../src/cli/log/log-line.ts";
import { inheritedEnvironment } from "./inherited-environment.ts";
import { type Lifetime, onEnd } from "./on-end.ts";

/** A program of the project as a process of its own. It is killed when the test ends. */
export interface ProgramProcess {
  readonly pid: number;
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
  kill(signal: "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT"): void;
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

/** Where the program is that processes run, unless they are told of a copy of it. */
const ownProgram = fileURLToPath(new URL("../..", import.meta.url));

/** The daemon of a folder that holds a member; resolves when both of its listeners answer. `root`: of another copy of the program. */
export async function daemonProcess(t: Lifetime, dir: string, root = ownProgram): Promise<DaemonProcess> {
  const program = await running(t, dir, "daemon", ["--dir", dir, "--http"], {}, root);
  const { socket, http_port } = JSON.parse(readFileSync(join(dir, "daemon.json"), "utf8")) as {
    socket: string;
    http_port: number;
  };
  const token = readFileSync(join(dir, "local_token"), "utf8").trim();
  return { ...program, unix: { socketPath: socket }, tcp: { port: http_port, token } };
}

/** The broker of a folder; resolves when it answers. `env`: where its messages are, if not there. */
export async function brokerProcess(
  t: Lifetime,
  dataDir: string,
  env: BrokerEnvironment = {},
  root = ownProgram,
): Promise<BrokerProcess> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const program = await running(t, dataDir, "broker", ["--data-dir", dataDir], env, root);
  const { url, broker_key } = await adminClient(dataDir).status();
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

/** Starts `run-daemon` or `run-broker` with these words, whatever becomes of it. */
export function programProcess(
  t: Lifetime,
  name: "daemon" | "broker",
  args: readonly string[],
  env: BrokerEnvironment = {},
  root = ownProgram,
): ProgramProcess {
  const script = join(root, `src/bin/run-${name}.ts`);
  const child = spawn(process.execPath, [script, ...args], {
    env: { ...inheritedEnvironment(), ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
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
  return { pid: child.pid ?? 0, ended, kill: (signal) => void child.kill(signal) };
}

/** Resolves once the program has noted in its log, in `folder`, that it runs. Throws its last words when it ends first. */
async function running(
  t: Lifetime,
  folder: string,
  name: "daemon" | "broker",
  args: readonly string[],
  env: BrokerEnvironment,
  root: string,
): Promise<ProgramProcess> {
  const log = `${name}.log`;
  // Before it starts, so that nothing it writes goes unseen.
  const watcher = watch(folder);
  try {
    const program = programProcess(t, name, args, env, root);
    const runs = new Promise<void>((resolve) => {
      watcher.on("change", (_event, changed) => {
        if (changed === log && hasStarted(join(folder, log), program.pid)) resolve();
      });
    });
    const gone = program.ended.then(({ code, stderr }) => {
      throw new Error(`ended with ${code}: ${stderr}`);
    });
    await Promise.race([runs, gone]);
    return program;
  } finally {
    watcher.close();
  }
}

function hasStarted(logPath: string, pid: number): boolean {
  return readFileSync(logPath, "utf8")
    .split("\n")
    .map(readLogLine)
    .some((line) => line?.["pid"] === pid && line["started"] === true);
}
