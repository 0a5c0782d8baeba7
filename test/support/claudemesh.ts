import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { HostStatus } from "../../src/cli/launcher.ts";
import { inheritedEnvironment } from "./inherited-environment.ts";
import { onEnd } from "./on-end.ts";
import { type Ran, run } from "./run.ts";
import { tempFolder } from "./temp-folder.ts";

/** Standard output of a command that has to succeed. */
export function ok(ran: Ran): string {
  assert.equal(ran.code, 0, `${ran.stdout}${ran.stderr}`);
  return ran.stdout;
}

/** One host as its user sees it: a home of its own and the command line, each call a process. */
export interface TestHost {
  readonly home: string;
  /** Runs `claudemesh` to its end, whatever its exit code. */
  run(
    args: readonly string[],
    options?: { readonly input?: string | Uint8Array; readonly env?: Readonly<Record<string, string>> },
  ): Promise<Ran>;
  /** Starts `claudemesh` and leaves it running; it is killed when the test ends. */
  start(
    args: readonly string[],
    options?: { readonly stdin?: "pipe"; readonly env?: Readonly<Record<string, string>> },
  ): ReturnType<typeof spawn>;
  status(): Promise<HostStatus>;
  /** `up` with the options that make a test independent of where it runs. */
  up(...args: readonly string[]): Promise<Ran>;
}

const program = fileURLToPath(new URL("../../src/bin/claudemesh.ts", import.meta.url));

/** Brought down when the test ends. Hosts given the same folder stand side by side in it. `within`: words that run a command elsewhere. */
export function host(t: TestContext, name: string, folder = tempFolder(t), within: readonly string[] = []): TestHost {
  const home = join(folder, name);
  const [command = process.execPath, ...words] = [...within, process.execPath, program];
  const env = (more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => {
    const {
      CLAUDEMESH_MESH: _mesh,
      NODE_TEST_CONTEXT: _context,
      FORCE_COLOR: _colour,
      ...own
    } = inheritedEnvironment();
    return { ...own, CLAUDEMESH_HOME: home, ...more };
  };
  const runHere: TestHost["run"] = (args, options = {}) =>
    run(command, [...words, ...args], { env: env(options.env), input: options.input ?? "" });
  onEnd(t, () => runHere(["down"]));
  return {
    home,
    run: runHere,
    start(args, options = {}) {
      const child = spawn(command, [...words, ...args], {
        env: env(options.env),
        stdio: [options.stdin ?? "ignore", "pipe", "pipe"],
      });
      const ended = new Promise((resolve) => child.on("close", resolve));
      onEnd(t, async () => {
        child.kill("SIGKILL");
        await ended;
      });
      return child;
    },
    status: async () => JSON.parse((await runHere(["status", "--json"])).stdout) as HostStatus,
    up: (...args) => runHere(["up", "--persistent", "--http", "--name", name, ...args]),
  };
}
