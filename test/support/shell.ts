import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { TestHost } from "./claudemesh.ts";
import { inheritedEnvironment } from "./inherited-environment.ts";
import { onEnd } from "./on-end.ts";

const program = fileURLToPath(new URL("../../src/bin/claudemesh.ts", import.meta.url));

/** A folder for PATH whose `claudemesh` answers completion as the real one and writes every other command line to `ran`. */
export interface ShellFolder {
  readonly path: string;
  /** Arguments of each command that the shell ran, in order. */
  ran(): readonly (readonly string[])[];
}

export function shellFolder(host: TestHost): ShellFolder {
  const path = join(host.home, "shell");
  const ran = join(path, "ran");
  mkdirSync(path, { recursive: true });
  const script = [
    "#!/bin/sh",
    `if [ "$1" = __complete ]; then exec ${quoted(process.execPath)} ${quoted(program)} "$@"; fi`,
    // One argument a line, and an empty line behind the last: no argument in these tests holds a line feed.
    `for word in "$@"; do printf '%s\\n' "$word"; done >> ${quoted(ran)}; echo >> ${quoted(ran)}`,
  ].join("\n");
  writeFileSync(join(path, "claudemesh"), `${script}\n`);
  chmodSync(join(path, "claudemesh"), 0o755);
  return {
    path,
    ran() {
      if (!existsSync(ran)) return [];
      return readFileSync(ran, "utf8")
        .split("\n\n")
        .filter((part) => part !== "")
        .map((part) => part.replace(/\n$/, "").split("\n"));
    },
  };
}

/**
 * Types `keys` into an interactive shell on a terminal of its own and resolves when the shell has ended. The keys are
 * there before the shell asks for them, so no time is waited; the last of them must end it.
 */
export function typeInto(
  t: TestContext,
  host: TestHost,
  folder: ShellFolder,
  command: readonly string[],
  keys: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = spawn("script", ["--quiet", "--return", "--command", command.map(quoted).join(" "), "/dev/null"], {
    cwd: folder.path,
    env: {
      ...inheritedEnvironment(),
      NODE_TEST_CONTEXT: "",
      CLAUDEMESH_HOME: host.home,
      HOME: folder.path,
      TERM: "dumb",
      PATH: `${folder.path}:${process.env["PATH"] ?? ""}`,
      ...env,
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  // A shell that was not ended by its keys waits for more of them.
  onEnd(t, () => child.kill("SIGKILL"));
  return new Promise((resolve, reject) => {
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
    child.on("error", reject);
    child.on("close", () => resolve(text));
    child.stdin.write(keys);
  });
}

export function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
