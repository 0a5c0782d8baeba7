#!/usr/bin/env node
// The `claudemesh` that npm puts on PATH. Runs the program in this process when this Node is new enough, else under the
// Node that came with the package. Valid on Node 18, built-ins only.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const program = new URL("../dist/bin/claudemesh.js", import.meta.url);
const require = createRequire(import.meta.url);

if (newEnough(process.versions.node)) await import(program.href);
else await runUnderItsOwnNode(`node-${process.platform}-${process.arch}`);

function newEnough(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 24 || (major === 24 && minor >= 15);
}

async function runUnderItsOwnNode(name) {
  if (!Object.hasOwn(require("../package.json").optionalDependencies, name))
    return fail(`there is no package ${name} that it could bring one in`, "install Node 24.15 or newer");
  const node = findNode(name);
  if (node === null)
    return fail(
      `its optional package ${name}, which has one, is not installed`,
      "install claudemesh again with npm's --include=optional, or install Node 24.15 or newer",
    );
  // Not imported above: it is what takes time, and a Node that is new enough needs none of it.
  const { spawn } = await import("node:child_process");
  // Whoever called this program is known by its process, and is not this one.
  const env = { ...process.env, CLAUDEMESH_LAUNCHED: `${process.pid}:${process.ppid}` };
  const child = spawn(node, [fileURLToPath(program), ...process.argv.slice(2)], { stdio: "inherit", env });
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  process.on("SIGINT", () => inForeground() || child.kill("SIGINT"));
  // For one, a Linux with another C library than the one that this Node was built for.
  child.on("error", (error) => fail(`${node} cannot be started (${error.message})`, "install Node 24.15 or newer"));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 1;
    if (signal === null) return;
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** Null when npm left it out, and when what is found instead is an older one that some other package needs. */
function findNode(name) {
  try {
    return newEnough(require(`${name}/package.json`).version) ? require.resolve(`${name}/bin/node`) : null;
  } catch (error) {
    if (error.code === "MODULE_NOT_FOUND") return null;
    throw error;
  }
}

/**
 * Whether this runs in the foreground of a terminal, which sends Ctrl-C to the child as well. A second SIGINT would end
 * the child before it has said what it knows.
 */
function inForeground() {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return group === foreground;
  } catch {
    return false;
  }
}

function fail(reason, hint) {
  process.stderr.write(
    `error: claudemesh needs Node 24.15 or newer; this is ${process.versions.node}, and ${reason}\nhint: ${hint}\n`,
  );
  process.exitCode = 1;
}
