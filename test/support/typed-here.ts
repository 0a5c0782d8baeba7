import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Launcher } from "../../src/cli/launcher.ts";
import { main } from "../../src/cli/main.ts";
import type { TestDaemon } from "./daemon.ts";
import type { Lifetime } from "./on-end.ts";
import type { Ran } from "./run.ts";
import { tempFolder } from "./temp-folder.ts";

export type TypedHere = (
  words: readonly string[],
  options?: { readonly signal?: AbortSignal; readonly input?: string; readonly env?: Readonly<Record<string, string>> },
) => Promise<Ran>;

/** A home, as commands look for one, that leads to a daemon of this process. */
export function homeOf(t: Lifetime, { dir }: Pick<TestDaemon, "dir">): string {
  const home = tempFolder(t);
  mkdirSync(join(home, "daemon"));
  symlinkSync(dir, join(home, "daemon", "local"));
  return home;
}

/** Command lines for a daemon of this process, run in this process too: for what no process of its own is needed to see. */
export function typedHere(t: Lifetime, daemon: Pick<TestDaemon, "dir">): TypedHere {
  const home = homeOf(t, daemon);
  const { SHELL: _shell, ...inherited } = process.env;
  return async (words, { signal = new AbortController().signal, input = "", env = {} } = {}) => {
    let [stdout, stderr] = ["", ""];
    const code = await main(words, {
      env: { ...inherited, CLAUDEMESH_HOME: home, ...env },
      stdin: () => Readable.from(input === "" ? [] : [Buffer.from(input)]),
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      launcher: () => Promise.reject(new Error("nothing is started here")) as Promise<Launcher>,
      signal,
    });
    return { code, stdout, stderr };
  };
}
