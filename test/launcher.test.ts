import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { onEnd } from "./support/on-end.ts";
import type { Ran } from "./support/run.ts";
import { tempFolder } from "./support/temp-folder.ts";

const launcher = fileURLToPath(new URL("../bin/claudemesh.mjs", import.meta.url));
const nodePackage = `node-${process.platform}-${process.arch}`;
/** Starts this Node as one that says it is older. What it starts is again what it is. */
const old = "old.cjs";

interface Installed {
  readonly folder: string;
  /** Puts a package with a Node in `place`, a node_modules folder relative to the installed package. */
  node(place: string, version?: string): string;
  /** Runs the launcher to its end. */
  run(args: readonly string[], options?: { readonly isNew?: boolean }): Promise<Ran>;
  /** The words that start it under an old Node. */
  readonly oldStart: readonly string[];
}

/** The launcher, installed as npm lays packages out, with `program` in place of the real one. */
function installed(t: TestContext, program: string, optional: readonly string[] = [nodePackage]): Installed {
  const folder = join(tempFolder(t), "node_modules", "claudemesh");
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const optionalDependencies = Object.fromEntries(optional.map((name) => [name, "24.21.0"]));
  put("package.json", JSON.stringify({ type: "module", optionalDependencies }));
  put("dist/bin/claudemesh.js", program);
  put(old, 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } });');
  mkdirSync(join(folder, "bin"));
  copyFileSync(launcher, join(folder, "bin", "claudemesh.mjs"));
  const start = [join(folder, "bin", "claudemesh.mjs")];
  const oldStart = ["-r", join(folder, old), ...start];
  return {
    folder,
    oldStart,
    node(place, version = "24.21.0") {
      put(join(place, nodePackage, "package.json"), JSON.stringify({ version }));
      const node = join(folder, place, nodePackage, "bin", "node");
      mkdirSync(dirname(node));
      symlinkSync(process.execPath, node);
      return node;
    },
    run: (args, { isNew = false } = {}) =>
      new Promise((resolve) => {
        const child = spawn(process.execPath, [...(isNew ? start : oldStart), ...args]);
        let [stdout, stderr] = ["", ""];
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          stdout += text;
        });
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
          stderr += text;
        });
        child.stdin.end("what is piped in");
        child.on("close", (code, signal) => resolve({ code, stdout, stderr: stderr + (signal ?? "") }));
      }),
  };
}

const tells = `
  import { readFileSync } from "node:fs";
  const { pid, ppid, versions, argv } = process;
  console.log(JSON.stringify({ isChild: ppid !== ${process.pid}, node: versions.node, words: argv.slice(2), input: readFileSync(0, "utf8") }));
  process.exitCode = 6;
`;

test("a Node that is new enough runs the program itself, in one process", async (t) => {
  const ran = await installed(t, tells).run(["send", "@bob", "a b"], { isNew: true });
  assert.deepEqual([ran.code, ran.stderr], [6, ""]);
  assert.deepEqual(JSON.parse(ran.stdout), {
    isChild: false,
    node: process.versions.node,
    words: ["send", "@bob", "a b"],
    input: "what is piped in",
  });
});

test("an older one hands words, input, output and exit code to the Node of the package, wherever npm put it", async (t) => {
  for (const place of ["node_modules", ".."]) {
    const package_ = installed(t, tells);
    package_.node(place);
    const ran = await package_.run(["send", "@bob", "a b"]);
    assert.deepEqual([ran.code, ran.stderr], [6, ""]);
    assert.deepEqual(JSON.parse(ran.stdout), {
      isChild: true,
      node: process.versions.node,
      words: ["send", "@bob", "a b"],
      input: "what is piped in",
    });
  }
});

test("a program that a signal ended ends the launcher by the same one", async (t) => {
  const package_ = installed(t, 'process.kill(process.pid, "SIGKILL");');
  package_.node("node_modules");
  assert.deepEqual(await package_.run([]), { code: null, stdout: "", stderr: "SIGKILL" });
});

/** Says its parent's pid, then each signal that it gets; SIGTERM ends it. */
const listens = `
  for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"]) process.on(signal, () => {
    console.log(signal);
    if (signal === "SIGTERM") process.exit(7);
  });
  process.stdin.resume().on("end", () => setInterval(() => {}, 2 ** 30));
  console.log(String(process.ppid));
`;

/** Resolves with the exit code. Its end, which a failed test did not bring about, is brought about when the test ends. */
function endOf(t: TestContext, child: ChildProcess): Promise<number | null> {
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  onEnd(t, async () => {
    child.kill("SIGTERM");
    await ended;
  });
  return ended;
}

test("signals that are sent to the launcher reach the program", async (t) => {
  const package_ = installed(t, listens);
  package_.node("node_modules");
  // A session of its own: no terminal in which these tests may run is its.
  const child = spawn(process.execPath, package_.oldStart, { detached: true, stdio: ["ignore", "pipe", "inherit"] });
  const ended = endOf(t, child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, String(child.pid));
  for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"] as const) {
    child.kill(signal);
    assert.equal((await lines.next()).value, signal);
  }
  assert.equal(await ended, 7);
});

test("Ctrl-C at a terminal reaches the program once: a second one would cut its last words off", async (t) => {
  const package_ = installed(t, listens);
  package_.node("node_modules");
  const command = ["exec", process.execPath, ...package_.oldStart].join(" ");
  const terminal = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = endOf(t, terminal);
  const lines = createInterface({ input: terminal.stdout })[Symbol.asyncIterator]();
  const launcherPid = Number((await lines.next()).value);
  terminal.stdin.write("\x03");
  assert.match(String((await lines.next()).value), /SIGINT$/);
  // The launcher has had its own SIGINT by then; what it passed on would arrive before this.
  process.kill(launcherPid, "SIGTERM");
  assert.equal((await lines.next()).value, "SIGTERM");
  assert.equal(await ended, 7);
});

test("without a Node that is new enough it says what is missing and what to do", async (t) => {
  const needs = "error: claudemesh needs Node 24.15 or newer; this is 20.20.2, and";
  const refused = async (package_: Installed): Promise<string> => {
    const { code, stdout, stderr } = await package_.run(["version"]);
    assert.deepEqual([code, stdout], [1, ""]);
    return stderr;
  };
  const notInstalled = `${needs} its optional package ${nodePackage}, which has one, is not installed
hint: install claudemesh again with npm's --include=optional, or install Node 24.15 or newer
`;
  assert.equal(await refused(installed(t, tells)), notInstalled);

  const others = installed(t, tells);
  others.node("..", "22.22.0");
  assert.equal(await refused(others), notInstalled, "a Node that another package needs is older");

  assert.equal(
    await refused(installed(t, tells, [])),
    `${needs} there is no package ${nodePackage} that it could bring one in\nhint: install Node 24.15 or newer\n`,
  );

  const foreign = installed(t, tells);
  const node = foreign.node("node_modules");
  rmSync(node);
  writeFileSync(node, "");
  chmodSync(node, 0o644);
  assert.match(
    await refused(foreign),
    /bin\/node cannot be started \(.*EACCES\)\nhint: install Node 24\.15 or newer\n$/,
  );
});

test("the program is told whom the launcher was called by: a coding agent is known by its process", async (t) => {
  const program = installed(t, 'console.log(process.env["CLAUDEMESH_LAUNCHED"], process.ppid);');
  program.node("node_modules");
  const { stdout, stderr } = await program.run([]);
  const [told, parent] = stdout.trim().split(" ");
  assert.equal(told, `${parent}:${process.pid}`, stderr);
});
