import { spawn } from "node:child_process";

/** What a program left behind. */
export interface Ran {
  /** null: a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, whatever its exit code. Its standard input is `input`, or empty. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly input?: string | Uint8Array } = {},
): Promise<Ran> {
  const { input = "", ...spawned } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...spawned, stdio: ["pipe", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
    // A program that refuses its input early closes the pipe.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}
