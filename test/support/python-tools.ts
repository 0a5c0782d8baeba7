import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Ran, run } from "./run.ts";

/** The Python SDK. */
export const pythonSdk = fileURLToPath(new URL("../../sdk/python", import.meta.url));

const environment = join(pythonSdk, ".venv");

/** Why the tests that need the SDK's tools are left out; false: they are not. */
export const withoutPython = existsSync(join(environment, ".stamp"))
  ? (false as const)
  : `sdk/python/.venv is missing: CONTRIBUTING.md, "What the tests need"`;

/** Runs a module of the SDK's virtual environment, in the folder of the SDK. Nothing is written there. */
export function python(args: readonly string[], cwd = pythonSdk): Promise<Ran> {
  const { PYTHONPATH: _path, ...others } = process.env;
  return run(join(environment, "bin", "python"), ["-B", ...args], { cwd, env: others });
}
