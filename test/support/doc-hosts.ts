import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { Step } from "./doc-page.ts";
import { inheritedEnvironment } from "./inherited-environment.ts";
import { onEnd } from "./on-end.ts";
import { run } from "./run.ts";
import { tempFolder } from "./temp-folder.ts";

const program = fileURLToPath(new URL("../../src/bin/claudemesh.ts", import.meta.url));
/** The ports that the pages name. They are the one thing that a test cannot share with what else runs on this machine. */
const shownPorts = [8787, 8788];
const homeShown = "/home/you";
/** Below the ports that systems hand out by themselves. */
const [portMin, portMax] = [20_000, 29_999];

/** The hosts of one page, each a shell that stays, with a home of its own, in which the page's blocks are typed. */
export interface DocHosts {
  /** Types a block; resolves with what the terminal shows and the exit code of its last command. */
  type(step: Pick<Step, "host" | "exitCode"> & { readonly text: string }): Promise<Typed>;
}

export interface Typed {
  readonly output: string;
  readonly exitCode: number;
}

/**
 * Two hosts with nothing on them but `claudemesh`, in PATH and in the working folder, which both see: copying a file
 * from one host to the other is left to the reader. Whatever they started is stopped when the test ends.
 */
export async function docHosts(t: TestContext): Promise<DocHosts> {
  const folder = tempFolder(t);
  const work = join(folder, "work");
  mkdirSync(work);
  const launcher = join(work, "claudemesh");
  writeFileSync(launcher, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  chmodSync(launcher, 0o755);
  const first = await freePorts(shownPorts.length);
  const ports = shownPorts.map((shown, index) => [String(shown), String(first + index)] as const);
  const changed = (text: string, [from, to]: readonly [string, string]): string =>
    text.replace(new RegExp(`\\b${from}\\b`, "g"), to);
  const homes = { first: join(folder, "first"), second: join(folder, "second") };
  const shells = new Map<Step["host"], Shell>();
  for (const home of Object.values(homes)) {
    mkdirSync(home);
    onEnd(t, () => bringDown(home));
  }
  return {
    async type({ host, exitCode, text }) {
      const shell = shells.get(host) ?? openShell(t, homes[host], work);
      shells.set(host, shell);
      const { output, exitCode: found } = await shell.type(ports.reduce(changed, text), exitCode);
      const shown = ports.reduce((known, [from, to]) => changed(known, [to, from]), output);
      return { output: shown.replaceAll(homes[host], homeShown), exitCode: found };
    },
  };
}

interface Shell {
  type(text: string, exitCode: number): Promise<Typed>;
}

/** A block that is to end well stops at its first command that does not; the shell and its variables stay for the next. */
function openShell(t: TestContext, home: string, work: string): Shell {
  const { CI: _ci, FORCE_COLOR: _colour, NODE_TEST_CONTEXT: _context, ...inherited } = inheritedEnvironment();
  const env = Object.fromEntries(Object.entries(inherited).filter(([name]) => !name.startsWith("CLAUDEMESH_")));
  const shell = spawn("bash", ["--noprofile", "--norc"], {
    cwd: work,
    detached: true,
    env: { ...env, CLAUDEMESH_ENVIRONMENT: "host", HOME: home, PATH: `${work}${delimiter}${process.env["PATH"]}` },
    stdio: ["pipe", "pipe", "ignore"],
  });
  let heard = "";
  let wake = (): void => {};
  let ended: number | null = null;
  shell.stdout.setEncoding("utf8").on("data", (text: string) => {
    heard += text;
    wake();
  });
  const closed = new Promise<void>((resolve) => {
    shell.on("close", (code) => {
      ended = code ?? -1;
      wake();
      resolve();
    });
  });
  shell.on("exit", () => killGroup(shell.pid));
  onEnd(t, async () => {
    shell.kill("SIGKILL");
    await closed;
  });
  shell.stdin.write("exec 2>&1\n");
  let blocks = 0;
  return {
    async type(text, exitCode) {
      blocks += 1;
      const script = join(home, `.block-${blocks}`);
      writeFileSync(script, text);
      const mark = `--- end of block ${blocks} ---`;
      const stops = exitCode === 0 ? "set -e" : "set +e";
      shell.stdin.write(`${stops}; . '${script}' </dev/null; printf '\\n%s %s\\n' '${mark}' "$?"\n`);
      const found = (): RegExpExecArray | null => new RegExp(`^([\\s\\S]*)\\n${mark} (\\d+)\\n`).exec(heard);
      while (found() === null && ended === null)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      const [whole = heard, output = heard, code = String(ended)] = found() ?? [];
      heard = heard.slice(whole.length);
      return { output, exitCode: Number(code) };
    },
  };
}

/** What a shell has left in the background; it would hold the shell's output open. */
function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing is left of it.
  }
}

/** Every home of claudemesh in a user's home. */
async function bringDown(userHome: string): Promise<void> {
  for (const name of readdirSync(userHome)) {
    const home = join(userHome, name);
    if (!existsSync(join(home, "launch.lock"))) continue;
    await run(process.execPath, [program, "down"], { env: { ...inheritedEnvironment(), CLAUDEMESH_HOME: home } });
  }
}

/** The first of so many ports in a row that nobody listens on. */
async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = portMin + Math.floor(Math.random() * (portMax - portMin));
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)));
    if (free.every(Boolean)) return first;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "0.0.0.0", () => server.close(() => resolve(true)));
  });
}
