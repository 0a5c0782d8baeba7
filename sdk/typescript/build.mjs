// Compiles what programs import, and all that it reaches, from the sources of the whole project. Valid on Node 20.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { nodePath, root, setUp } from "../../scripts/setup.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const dist = join(here, "dist");
const entry = join(dist, "client", "sdk");

setUp();
// What the compiler wrote for a source that is gone would be packed.
rmSync(dist, { recursive: true, force: true });
const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
// Standard output belongs to `npm pack --json`.
const ended = spawnSync(nodePath(), [tsc, "-p", here], { stdio: ["ignore", 2, 2] });
process.exitCode = ended.status ?? 1;
if (process.exitCode === 0) {
  keep(new Set([...reached(`${entry}.js`, "js"), ...reached(`${entry}.d.ts`, "d.ts")]));
}

/** A file and all that it imports, of code or of types: the compiler writes both for whatever only one of them needs. */
function reached(path, ending, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  const imported = /(?:from |import\()"(\.[^"]+)\.(?:js|ts)"/g;
  for (const [, target] of readFileSync(path, "utf8").matchAll(imported))
    reached(`${resolve(dirname(path), target)}.${ending}`, ending, found);
  return found;
}

function keep(wanted, folder = dist) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) keep(wanted, path);
    else if (!wanted.has(path)) rmSync(path);
  }
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}
