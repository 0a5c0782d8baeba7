import { spawn } from "node:child_process";
import { request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** One simulated host: a home of its own, driven through the command line and the local API's socket. */
export interface Host {
  readonly name: string;
  readonly home: string;
  /** Data directory of another host's embedded broker; null: its own. */
  readonly broker: string | null;
}

export interface Status {
  readonly daemons: readonly { readonly socket: string; readonly pid: number | null; readonly state: string }[];
  readonly broker: { readonly pid: number | null; readonly url: string | null; readonly data_dir: string } | null;
}

const commandPath = fileURLToPath(new URL("../claudemesh", import.meta.url));
const commandDeadlineMs = 60_000;

/** Runs the CLI for a host; resolves with its standard output, rejects when it fails. */
export function claudemesh(host: Host, args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(commandPath, args, {
      env: { ...process.env, CLAUDEMESH_HOME: host.home },
      stdio: ["pipe", "pipe", "pipe"],
      timeout: commandDeadlineMs,
    });
    let out = "";
    let errors = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(out);
      else reject(new Error(`claudemesh ${args.join(" ")} ended with ${code}: ${errors || out}`));
    });
    child.stdin.end(input);
  });
}

export async function hostStatus(host: Host): Promise<Status> {
  return JSON.parse(await claudemesh(host, ["status", "--json"])) as Status;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The body when it is JSON, else empty. */
  readonly json: Record<string, unknown>;
}

const sockets = new Map<string, string>();

/** One request to the host's local API over its unix socket. */
export async function call(host: Host, method: string, path: string, body?: unknown): Promise<Answer> {
  let socketPath = sockets.get(host.home);
  if (socketPath === undefined) {
    socketPath = (await hostStatus(host)).daemons[0]?.socket;
    if (socketPath === undefined) throw new Error(`${host.name} has no daemon`);
    sockets.set(host.home, socketPath);
  }
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        socketPath,
        method,
        path,
        headers:
          text === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) },
      },
      (answer) => {
        let data = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk) => {
          data += chunk;
        });
        answer.on("end", () => {
          const isJson = /json/.test(String(answer.headers["content-type"]));
          try {
            resolve({ status: answer.statusCode ?? 0, text: data, json: isJson ? JSON.parse(data) : {} });
          } catch (error) {
            reject(error);
          }
        });
        answer.on("error", reject);
      },
    );
    outgoing.setTimeout(20_000, () => outgoing.destroy(new Error("no answer in 20 s")));
    outgoing.on("error", reject);
    outgoing.end(text);
  });
}

/** Resolves when the kernel no longer knows the process. */
export async function pidEnded(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await pause(10);
  }
}
