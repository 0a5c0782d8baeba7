// Makes a fresh checkout ready: dependencies, the pinned Node, compiled sources. Valid on Node 20, built-ins only.
// Prints progress to standard error; does nothing when everything is current.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const installStamp = join(root, "node_modules", ".claudemesh-lock");
const buildStamp = join(root, "dist", ".stamp");
const lockFolder = join(root, ".setup-lock");
const lockWaitMs = 300_000;

/** Path of the Node that runs this project: the pinned one where the registry has it, else the host's own (≥ 24.15). */
export function nodePath() {
  const pinned = join(root, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
  if (existsSync(pinned)) return pinned;
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 24 || (major === 24 && minor >= 15)) return process.execPath;
  fail(`this machine needs Node ≥ 24.15 (found ${process.versions.node}); install it and run the command again`);
}

export function setUp() {
  if (installed() && built()) return;
  const release = lock();
  try {
    if (!installed()) install();
    if (!built()) build();
  } finally {
    release();
  }
}

function installed() {
  return existsSync(installStamp) && readFileSync(installStamp, "utf8") === lockHash();
}

function lockHash() {
  return createHash("sha256").update(readFileSync(join(root, "package-lock.json"))).digest("hex");
}

function install() {
  process.stderr.write("Setting up: installing dependencies and Node (about 15 s, once) …\n");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const ended = spawnSync(npm, ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (ended.error || ended.status !== 0) fail("npm ci failed; its own message stands above. Is the npm registry reachable?");
  writeFileSync(installStamp, lockHash());
}

function built() {
  if (!existsSync(buildStamp)) return false;
  const since = statSync(buildStamp).mtimeMs;
  return ["src", "migrations", "tsconfig.base.json", "package-lock.json"].every((name) => !newerThan(join(root, name), since));
}

function newerThan(path, since) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs > since;
  return stat.mtimeMs > since || readdirSync(path).some((name) => newerThan(join(path, name), since));
}

function build() {
  process.stderr.write("Setting up: compiling …\n");
  // Taken before compiling: a file saved meanwhile is newer than the stamp and compiles next time.
  const startedAt = new Date();
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const ended = spawnSync(nodePath(), [tsc, "-b", "src/bin"], { cwd: root, stdio: ["ignore", 2, 2] });
  if (ended.error || ended.status !== 0) fail("the sources do not compile; the compiler's message stands above");
  mkdirSync(join(root, "dist"), { recursive: true });
  writeFileSync(buildStamp, startedAt.toISOString());
}

/** One set-up at a time. A lock whose owner died is taken over after its age shows it. */
function lock() {
  const started = Date.now();
  for (;;) {
    try {
      mkdirSync(lockFolder);
      return () => rmSync(lockFolder, { recursive: true, force: true });
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const age = Date.now() - (statSync(lockFolder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > lockWaitMs) rmSync(lockFolder, { recursive: true, force: true });
    if (Date.now() - started > lockWaitMs) fail(`another set-up seems to run; if none does, remove ${lockFolder}`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}

function fail(message) {
  process.stderr.write(`claudemesh: ${message}\n`);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setUp();
