import assert from "node:assert/strict";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./run.ts";
import { hostNode } from "./sandbox.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Packed {
  readonly tarball: string;
  readonly bytes: number;
  readonly files: readonly string[];
}

/** `npm`, run as the users of this machine run it; answers its standard output. */
export async function npm(args: readonly string[], cwd: string = root): Promise<string> {
  const path = `${dirname(hostNode())}${delimiter}${process.env["PATH"]}`;
  const ended = await run("npm", args, { cwd, env: { ...process.env, PATH: path } });
  assert.equal(ended.code, 0, ended.stdout + ended.stderr);
  return ended.stdout;
}

/** A package of the checkout as it stands, packed into `folder`. */
export async function pack(folder: string, cwd: string = root): Promise<Packed> {
  const [packed] = JSON.parse(await npm(["pack", "--json", "--silent", "--pack-destination", folder], cwd)) as {
    filename: string;
    size: number;
    files: { path: string }[];
  }[];
  assert.ok(packed !== undefined);
  return { tarball: join(folder, packed.filename), bytes: packed.size, files: packed.files.map(({ path }) => path) };
}
