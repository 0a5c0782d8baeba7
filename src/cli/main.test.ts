import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test, type TestContext } from "node:test";
import { ClaudemeshError } from "../protocol/error.ts";
import { commands } from "./commands.ts";
import type { Launcher } from "./launcher.ts";
import { main } from "./main.ts";

interface Written {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command line in a home where nothing was started, by a launcher that starts nothing. */
function emptyHome(t: TestContext): (words: readonly string[], tty?: boolean) => Promise<Written> {
  const home = mkdtempSync(join(tmpdir(), "cm-main-"));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const nothing = async (): Promise<never> => {
    throw new ClaudemeshError("not_running", "nothing is started here", { hint: "claudemesh up" });
  };
  const launcher: Launcher = {
    up: nothing,
    join: nothing,
    meshCreate: nothing,
    acceptHost: nothing,
    remint: nothing,
    meshes: nothing,
    recover: nothing,
    ensureOwner: nothing,
    down: nothing,
    status: nothing,
    daemonUp: nothing,
    brokerUp: nothing,
    operator: { createApiKey: nothing, apiKeys: nothing, revokeApiKey: nothing, upkeep: nothing },
    brokerRun: nothing,
    daemonRun: nothing,
    installService: nothing,
    uninstallService: nothing,
    installAgent: nothing,
    uninstallAgent: nothing,
    doctor: nothing,
    backup: nothing,
    restore: nothing,
    resetPlan: nothing,
    reset: nothing,
    uninstallPlan: nothing,
    uninstall: nothing,
    configFile: () => {
      throw new ClaudemeshError("not_running", "nothing has settings here", { hint: "claudemesh up" });
    },
  };
  return async (words, tty = false) => {
    let [stdout, stderr] = ["", ""];
    const code = await main(words, {
      env: { CLAUDEMESH_HOME: home },
      stdin: () => Readable.from([]),
      stdout: { write: (text) => (stdout += text), isTTY: tty },
      stderr: { write: (text) => (stderr += text), isTTY: tty },
      launcher: async () => launcher,
      signal: new AbortController().signal,
    });
    return { code, stdout, stderr };
  };
}

const words: readonly string[] = [
  "",
  " ",
  "-",
  "--",
  "-5",
  "--=",
  "--no-",
  "\0",
  "\ud800",
  "\u001b[2J\u001b]0;owned\u0007\n",
  "\u009b31m",
  "\u202egnp.exe",
  "x".repeat(1_048_576),
  `@${"x".repeat(1_048_576)}`,
  `--${"x".repeat(1_048_576)}`,
  "__proto__",
  "constructor",
  "--constructor=x",
  "--no-__proto__",
];

test("no word of any command line crashes a command, floods or reaches a terminal raw", async (t) => {
  const run = emptyHome(t);
  for (const [name, load] of Object.entries(commands)) {
    const { command } = await load();
    const lines = words.flatMap((word) => [
      [...name.split(" "), word],
      [...name.split(" "), word, word, "--json"],
      ...Object.entries(command.options).map(([option, { type }]) => [
        ...name.split(" "),
        "--json",
        type === "string" ? `--${option}=${word}` : `--${option}`,
        word,
      ]),
    ]);
    for (const line of lines) {
      const what = JSON.stringify(line.map((word) => word.slice(0, 30)));
      const { code, stdout, stderr } = await run(line, true);
      assert.ok(
        (name === "agent hook" ? [0, 1] : [0, 2, 3]).includes(code),
        `${what} ended with ${code}: ${stderr.slice(0, 300)}`,
      );
      const raw = (stdout + stderr).replace(/\u001b\[(?:0|1|2|31|32|33)m/g, "");
      assert.doesNotMatch(raw, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/, what);
      assert.ok(stderr.length < 4_096, `${what} writes ${stderr.length} characters`);
      if (code === 0) continue;
      assert.equal(stdout, "", what);
      assert.match(stderr, /"hint":"[^"]|\nhint: ./, what);
    }
  }
});

test("a group and an unknown word show what there is", async (t) => {
  const run = emptyHome(t);
  assert.match((await run(["topic"])).stdout, /topic members/);
  assert.equal((await run(["--version"])).code, 0);
  const nearly = await run(["topic", "membres", "x"]);
  assert.deepEqual(
    [nearly.code, nearly.stderr],
    [2, "error: there is no command `topic membres` (usage)\nhint: did you mean `claudemesh topic members`?\n"],
  );
  assert.match((await run(["inbox", "shwo"])).stderr, /hint: did you mean `claudemesh inbox show`\?\n$/);
  assert.match((await run(["--mesh", "status"])).stderr, /hint: options stand after the command/);
  assert.match((await run(["outbox", "list", "--state", "daed"])).stderr, /hint: did you mean --state dead\?\n$/);
});
