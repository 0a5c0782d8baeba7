// Makes a fresh checkout ready: dependencies, the pinned Node, compiled sources. Valid on Node 20, built-ins only.
// Prints progress to standard error; does nothing when everything is current.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const installStamp = join(root, "node_modules", ".claudemesh-lock");
const buildStamp = join(root, "dist", ".stamp");
/** What the compiled program is made from; the `claudemesh` script at the root looks at the same ones. */
const sources = ["src", "migrations", "tsconfig.base.json", "package-lock.json"];
const lockFolder = join(root, ".setup-lock");
const lockOwner = join(lockFolder, "pid");
const lockWaitMs = 300_000;
/** A lock without an owner's pid is one whose taker died between making the folder and writing into it. */
const lockOwnerlessMs = 5_000;

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
  lock();
  // On "exit", so that a failure, which ends the process, gives the lock back as well.
  const release = () => rmSync(lockFolder, { recursive: true, force: true });
  process.once("exit", release);
  // Another set-up may have done the work while this one waited.
  if (!installed()) install();
  if (!built()) build();
  process.off("exit", release);
  release();
}

function installed() {
  return existsSync(installStamp) && readFileSync(installStamp, "utf8") === lockHash();
}

function lockHash() {
  return createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
}

function install() {
  process.stderr.write("Setting up: installing dependencies and Node (about 15 s, once) …\n");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  // Both kinds are named because NODE_ENV=production or an npm setting would leave out the compiler or the pinned Node.
  const install = [
    "ci",
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
    "--include=dev",
    "--include=optional",
    "--loglevel=error",
  ];
  const env = { ...process.env, npm_config_update_notifier: "false" };
  const ended = spawnSync(npm, install, {
    cwd: root,
    env,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (ended.error) fail(`npm could not be started (${ended.error.message}); install npm 11 and run the command again`);
  if (ended.status !== 0) fail("npm ci failed; its own message stands above. Is the npm registry reachable?");
  writeFileSync(installStamp, lockHash());
}

function built() {
  if (!existsSync(buildStamp)) return false;
  const since = statSync(buildStamp).mtimeMs;
  return sources.every((name) => !newerThan(join(root, name), since));
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
  removeStale(join(root, "dist"));
  writeFileSync(buildStamp, startedAt.toISOString());
  utimesSync(buildStamp, startedAt, startedAt);
}

/** What was compiled from a source that is gone: the compiler leaves it, and it would be packed. */
function removeStale(dist) {
  for (const name of readdirSync(dist, { recursive: true })) {
    if (!name.endsWith(".js") || existsSync(join(root, "src", name.replace(/js$/, "ts")))) continue;
    for (const ending of ["js", "js.map", "d.ts"]) rmSync(join(dist, name.replace(/js$/, ending)), { force: true });
  }
}

/** One set-up at a time: returns when this process holds the lock. The lock of a process that died is taken over. */
function lock() {
  const started = Date.now();
  let told = false;
  for (;;) {
    try {
      mkdirSync(lockFolder);
      writeFileSync(lockOwner, String(process.pid));
      return;
    } catch (error) {
      if (error.code !== "EEXIST") fail(`cannot lock ${lockFolder}: ${error.message}`);
    }
    if (abandoned()) {
      // Renaming first: of several that wait, one succeeds, and the others find either no lock or a new one.
      const aside = `${lockFolder}.${process.pid}`;
      try {
        renameSync(lockFolder, aside);
      } catch (error) {
        if (error.code !== "ENOENT") throw error;
      }
      rmSync(aside, { recursive: true, force: true });
      continue;
    }
    if (Date.now() - started > lockWaitMs) fail(`another set-up still runs; if none does, remove ${lockFolder}`);
    if (!told) process.stderr.write("Setting up: waiting for another set-up of this checkout …\n");
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}

function abandoned() {
  try {
    process.kill(Number(readFileSync(lockOwner, "utf8") || "x"), 0);
    return false;
  } catch (error) {
    if (error.code === "ESRCH") return true;
    if (error.code === "EPERM") return false;
    const since = statSync(lockFolder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    return Date.now() - since > lockOwnerlessMs;
  }
}

function fail(message) {
  process.stderr.write(`claudemesh: ${message}\n`);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setUp();
