/** Servers that a measurement needs beside the broker: started on free ports over fresh folders, and ended with it. */
import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

export interface ServerProcess {
  readonly pid: number;
  /** Ends it in its orderly way and resolves when it is gone. */
  stop(): Promise<void>;
}

const startDeadlineMs = 20_000;

/** Resolves when the server takes connections on the port; rejects with what it said when it ends before that. */
export async function startServer(command: string, args: readonly string[], port: number): Promise<ServerProcess> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  endWithUs(() => child.kill("SIGKILL"));
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4_000);
    });
  let failure: Error | null = null;
  const gone = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      failure = error;
      resolve();
    });
    child.once("exit", (code, by) => {
      failure = new Error(`${command} ended with ${code ?? by}: ${said}`);
      resolve();
    });
  });
  const stop = async (): Promise<void> => {
    if (failure === null) child.kill("SIGTERM");
    await gone;
  };
  const deadline = performance.now() + startDeadlineMs;
  while (!(await takesConnections(port))) {
    if (failure !== null) throw failure;
    if (performance.now() > deadline) {
      await stop();
      throw new Error(`${command} does not take connections: ${said}`);
    }
    await pause(20);
  }
  return { pid: child.pid ?? 0, stop };
}

/** Runs `end` when this process is told to end before it has stopped what it started. Nothing outlives a measurement. */
export function endWithUs(end: () => void): void {
  if (ends.length === 0) {
    for (const [signal, code] of [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const)
      process.once(signal, () => process.exit(code));
    process.once("exit", () => {
      for (const one of ends) one();
    });
  }
  ends.push(end);
}

const ends: (() => void)[] = [];

/** A port of loopback that nothing listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
