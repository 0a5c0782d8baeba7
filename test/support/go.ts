import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Ran, run } from "./run.ts";
import { inheritedEnvironment } from "./inherited-environment.ts";

const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/local/go/bin"];
const folder = folders.find((path) => existsSync(join(path, "go")));

/** Why the tests of the Go SDK are left out on this machine; false: they are not. */
export const withoutGo: string | false =
  folder === undefined ? 'go is not installed: CONTRIBUTING.md, "What the tests need"' : false;

/** Whether there is a C compiler, which the race detector is linked by. */
export const hasCompiler = folders.some((path) => ["gcc", "clang"].some((name) => existsSync(join(path, name))));

/** Runs a program of the Go tools as they are installed: nothing is asked of a network, whatever the user has set. */
export function goTool(
  name: "go" | "gofmt",
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const here = { GOENV: "off", GOFLAGS: "", GOPROXY: "off", GOTOOLCHAIN: "local", GOWORK: "off" };
  const path = [folder, process.env["PATH"]].join(delimiter);
  return run(join(folder ?? "", name), args, { cwd, env: { ...inheritedEnvironment(), ...here, PATH: path, ...env } });
}

/** As the conformance programs are built, so that what was built for one is not built again. */
export const plainBuild: Readonly<Record<string, string>> = { CGO_ENABLED: "0", GOFLAGS: "-trimpath" };
