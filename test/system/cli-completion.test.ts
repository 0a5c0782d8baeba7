import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { host, type TestHost } from "../support/claudemesh.ts";
import { type ShellFolder, shellFolder, typeInto } from "../support/shell.ts";

/** A daemon with a topic, a broker that is down, and a row that waits. */
async function busyHost(t: TestContext): Promise<{ alice: TestHost; folder: ShellFolder }> {
  const alice = host(t, "alice");
  assert.equal((await alice.up()).code, 0);
  assert.equal((await alice.run(["topic", "create", "builds"])).code, 0);
  const folder = shellFolder(alice);
  mkdirSync(join(folder.path, "reports of today"));
  writeFileSync(join(folder.path, "notes of today.md"), "");
  for (const shell of ["bash", "zsh", "fish", "powershell"]) {
    const script = await alice.run(["completion", shell]);
    assert.deepEqual([script.code, script.stderr], [0, ""]);
    writeFileSync(join(folder.path, `rc.${shell}`), script.stdout);
  }
  return { alice, folder };
}

/** What is typed, each with a key press for completion, and the command line that the shell then runs. */
const typed: readonly (readonly [keys: string, args: readonly string[]])[] = [
  ["send @al\tx", ["send", "@alice", "x"]],
  ["send \\#bu\tx", ["send", "#builds", "x"]],
  ["send '#bu\tx", ["send", "#builds", "x"]],
  ['send "@al\tx', ["send", "@alice", "x"]],
  ["outb\tli\t--st\tde\t", ["outbox", "list", "--state", "dead"]],
  ["outbox list --state=pen\t", ["outbox", "list", "--state=pending"]],
  ["topic join bu\t", ["topic", "join", "builds"]],
  ["send @alice --pri\tno\thello", ["send", "@alice", "--priority", "now", "hello"]],
  ["send @alice --mention @al\t hello", ["send", "@alice", "--mention", "@alice", "hello"]],
  ["send @alice --file note\t", ["send", "@alice", "--file", "notes of today.md"]],
  ["up --broker reports\tx", ["up", "--broker", "reports of today/x"]],
  ["inbox --topic bui\t--unr\t", ["inbox", "--topic", "builds", "--unread"]],
  ["outbox drop \t", ["outbox", "drop", "1"]],
  ["status --mesh lo\t", ["status", "--mesh", "local"]],
  ["config get outbox.dis\t", ["config", "get", "outbox.disk_bytes_max"]],
  ["config get --broker retention.mes\t", ["config", "get", "--broker", "retention.message_days"]],
  ["member grant @al\tev\t", ["member", "grant", "@alice", "everything"]],
  ["help exi\t", ["help", "exit-codes"]],
  ["help topic cre\t", ["help", "topic", "create"]],
  ["completion pow\t", ["completion", "powershell"]],
  // What is typed is never run: this one stands there as it is, and is run once, by the shell, at the end.
  ["send @alice $(echo hi)\t", ["send", "@alice", "hi"]],
];

for (const [shell, command, setUp, more] of [
  ["bash", ["bash", "--norc", "--noprofile", "-i"], "", [["send #bu\tx", ["send", "#builds", "x"]]]],
  ["zsh", ["zsh", "-f", "-i"], "autoload -Uz compinit; compinit -u -D; ", [["send #bu\tx", ["send", "#builds", "x"]]]],
  // A # that is not quoted begins a comment there as it is typed.
  ["fish", ["fish", "--no-config", "--interactive"], "", []],
] as const) {
  test(`in ${shell} commands, options, values and names complete, quoted as it needs them`, async (t) => {
    const { alice, folder } = await busyHost(t);
    assert.equal((await alice.run(["broker", "down"])).code, 0);
    assert.equal((await alice.run(["send", "@alice", "waits"])).code, 0);
    const all = [...typed, ...more];
    const lines = all.map(([keys]) => `claudemesh ${keys}\n`).join("");
    const screen = await typeInto(
      t,
      alice,
      folder,
      command,
      `${setUp}source ${folder.path}/rc.${shell}\n${lines}exit\n`,
    );
    assert.deepEqual(
      folder.ran(),
      all.map(([, args]) => args),
      screen,
    );
  });
}

test("without a daemon commands and options are offered, names are not, and nothing is said of it", async (t) => {
  const alone = host(t, "alone");
  const ask = async (current: string, ...words: string[]) =>
    alone.run(["__complete", `--current=${current}`, "--", ...words]);
  assert.deepEqual(await ask("@", "send"), { code: 0, stdout: "", stderr: "" });
  assert.deepEqual(await ask("", "outbox", "drop"), { code: 0, stdout: "", stderr: "" });
  assert.match((await ask("")).stdout, /^topic\tcreate, list, /m);
  assert.match((await ask("--wa", "send", "@x")).stdout, /^--wait\t/);
  assert.equal((await ask("", "send", "@x", "--file")).stdout, ":files\n");
  assert.doesNotMatch((await ask("")).stdout, /__complete/);
  assert.equal((await ask("", "nonsense")).stdout, "");
});

test("what is no name is not offered: in an open quote, or by its quotes, a shell would run what stands in it", async (t) => {
  const alone = host(t, "alone");
  const dir = join(alone.home, "daemon", "local");
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "mesh.json"), "{}");
  const hostile = [
    "al$(id)",
    "al`id`",
    "al;id",
    "al\u2019;id;\u2019",
    'al"',
    "al'",
    "al\\",
    "al!!",
    "al x",
    "al\u202e",
    "al*",
  ];
  const items = ["alice", ...hostile].map((name) => ({ address: `@${name}`, online: true, self: false }));
  const daemon = createServer((_request, response) => response.end(JSON.stringify({ items })));
  await new Promise<void>((resolve) => daemon.listen(join(dir, "sock"), resolve));
  t.after(() => daemon.close());
  assert.equal((await alone.run(["__complete", "--current=@al", "--", "send"])).stdout, "@alice\tonline\n");
});

test("a daemon that does not answer is not waited for", async (t) => {
  const alice = host(t, "alice");
  assert.equal((await alice.up()).code, 0);
  const { pid } = (await alice.status()).daemons[0] ?? {};
  process.kill(pid ?? 0, "SIGSTOP");
  try {
    assert.deepEqual(await alice.run(["__complete", "--current=@", "--", "send"]), { code: 0, stdout: "", stderr: "" });
  } finally {
    process.kill(pid ?? 0, "SIGCONT");
  }
});

test("the script for PowerShell is a native completer as its documentation describes one", async (t) => {
  const { stdout } = await host(t, "alone").run(["completion", "powershell"]);
  assert.match(stdout, /^Register-ArgumentCompleter -Native -CommandName claudemesh -ScriptBlock \{$/m);
  assert.match(stdout, /^ {4}param\(\$wordToComplete, \$commandAst, \$cursorPosition\)$/m);
  assert.match(stdout, /CompletionResult\]::new\(\$text, \$value, 'ParameterValue', \$help\)/);
  assert.match(stdout, /claudemesh __complete "--current=\$current" '--' @words 2>\$null/);
  // Quotes are doubled inside single quotes, and brackets are balanced.
  assert.ok(stdout.includes(`"'" + $value.Replace("'", "''") + "'"`));
  const code = stdout
    .replace(/^#.*$/gm, "")
    .replace(/"'+"|'"'/g, "")
    .replace(/'[^'\n]*'/g, "");
  for (const [open, close] of ["{}", "()", "[]"]) {
    assert.equal(code.split(open ?? "").length, code.split(close ?? "").length, `${open}${close}`);
  }
});

test("an unknown shell is refused with those that there are", async (t) => {
  const ran = await host(t, "alone").run(["completion", "tcsh"]);
  assert.equal(ran.code, 2);
  assert.match(ran.stderr, /bash, zsh, fish, powershell/);
});
