import { type ChildProcess, spawn } from "node:child_process";

/** A command that is told to stop gets this long before it is killed. */
const stopMs = 5_000;
/** What it wrote before it ended is read for so long after its end; what it leaves behind may hold its output open for ever. */
const lastOutputMs = 1_000;

export interface Child {
  readonly file: string;
  readonly args: readonly string[];
  /** The file is a command line for this shell, or for the system's. */
  readonly shell?: string | true;
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: string | Uint8Array;
  /** Where its standard output goes: to ours, or to standard error when ours is JSON, or to whoever reads it. */
  readonly output: "stdout" | "stderr" | ((chunk: Buffer) => void);
  /** Stops it. */
  readonly signal: AbortSignal;
}

export interface Ended {
  readonly exit_code: number | null;
  /** The signal that ended it. */
  readonly signal: string | null;
}

/** Runs a command to its end. Rejects with the system's error when it cannot be started. */
export function runChild(command: Child): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const { output } = command;
    const child: ChildProcess = spawn(command.file, [...command.args], {
      ...(command.shell === undefined ? {} : { shell: command.shell }),
      env: command.env,
      stdio: ["pipe", output === "stdout" ? "inherit" : output === "stderr" ? 2 : "pipe", "inherit"],
    });
    if (typeof output === "function") child.stdout?.on("data", output);
    let killing: NodeJS.Timeout | null = null;
    const stop = (): void => {
      child.kill("SIGTERM");
      killing = setTimeout(() => child.kill("SIGKILL"), stopMs);
    };
    if (command.signal.aborted) stop();
    else command.signal.addEventListener("abort", stop, { once: true });
    const settle = (): void => {
      command.signal.removeEventListener("abort", stop);
      if (killing !== null) clearTimeout(killing);
      child.stdin?.destroy();
      child.stdout?.destroy();
    };
    child.once("error", (cause) => {
      settle();
      reject(cause);
    });
    // Not `close`: a process that the command leaves behind may hold its standard input open for ever.
    child.once("exit", (exit_code, signal) => {
      const end = (): void => {
        settle();
        resolve({ exit_code, signal });
      };
      if (child.stdout === null || child.stdout.closed) return end();
      const waiting = setTimeout(end, lastOutputMs);
      child.stdout.once("close", () => {
        clearTimeout(waiting);
        end();
      });
    });
    // A command need not read its input.
    child.stdin?.on("error", () => {});
    child.stdin?.end(command.stdin);
  });
}

/** How it ended, for a sentence. */
export function endText({ exit_code, signal }: Ended): string {
  return signal === null ? `with exit code ${exit_code}` : `by ${signal}`;
}
