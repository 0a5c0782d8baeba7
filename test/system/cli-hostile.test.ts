import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Command } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands.ts";
import { host, ok, type TestHost } from "../support/claudemesh.ts";
import type { Ran } from "../support/run.ts";

/** Words that make each command complete, for those that need some. A row or message 999 does not exist. */
const complete: Readonly<Record<string, readonly string[]>> = {
  send: ["@alice", "text"],
  reply: ["999", "text"],
  "inbox show": ["999"],
  "files list": ["999"],
  "files get": ["999"],
  "hooks enable": ["on-dm"],
  "hooks disable": ["on-dm"],
  "hooks test": ["on-dm"],
  search: ["word"],
  history: ["dm"],
  "messages show": ["999"],
  "agent install": ["claude-code"],
  "agent uninstall": ["claude-code"],
  "agent hook": ["claude-code"],
  "agent attach": ["reviewer"],
  "agent rename": ["reviewer", "other"],
  "agent forget": ["reviewer"],
  "agent run": ["reviewer", "--exec", "true"],
  "agent mute": ["@bob"],
  "agent unmute": ["@bob"],
  "agent block": ["@bob"],
  "agent unblock": ["@bob"],
  "agent release": ["1"],
  "topic create": ["builds"],
  "topic members": ["builds"],
  "topic join": ["builds"],
  "topic leave": ["builds"],
  "queue create": ["jobs"],
  "queue work": ["jobs", "true"],
  "queue claim": ["jobs"],
  "queue ack": ["jobs", `1-${"A".repeat(22)}`],
  "queue nack": ["jobs", `1-${"A".repeat(22)}`],
  "queue extend": ["jobs", `1-${"A".repeat(22)}`],
  "queue dead": ["jobs"],
  "queue requeue": ["jobs", "999"],
  "queue delete": ["jobs"],
  "queue open": ["builds", "--unsealed"],
  "queue close": ["builds"],
  "topic rotate": ["builds"],
  "queue rotate": ["builds"],
  "topic open": ["builds", "--unsealed"],
  "topic close": ["builds"],
  "apikey create": ["grafana"],
  "apikey revoke": ["grafana"],
  "broker upkeep": ["check"],
  "invite revoke": ["ffffffffffff"],
  join: ["none"],
  remint: ["none", "--yes"],
  "mesh create": ["work"],
  verify: ["@nobody"],
  "member rename": ["@nobody", "somebody"],
  "member role": ["@nobody", "guest"],
  "member grant": ["@nobody", "everything"],
  "member kick": ["@nobody"],
  "member revoke": ["@nobody", "--yes"],
  "dm allow": ["everybody"],
  rename: ["somebody"],
  "outbox inspect": ["999"],
  "outbox requeue": ["999"],
  "outbox drop": ["999"],
  "config get": ["outbox.disk_bytes_max"],
  "config set": ["outbox.disk_bytes_max", "5000000000"],
  "config unset": ["outbox.disk_bytes_max"],
  completion: ["bash"],
};
/** Take any number of words, or any word. */
const takesAnyWord = new Set(["search", "queue work"]);
/** Values that are right whatever they hold, or that would make the command go on. */
const takesAnyValue = new Set([
  "broker --home",
  "broker --listen",
  "watch --exec",
  "agent run --exec",
  "agent attach --folder",
  "outbox requeue --patch",
  "up --broker",
]);

const hostile: readonly string[] = [
  "",
  "\u001b[2J\u001b]0;owned\u0007",
  "@bo\u009bb\r\nerror: forged",
  "\u202egnp.exe\u2066",
  "#".repeat(300),
  "x".repeat(100_000),
  "../../etc/passwd",
  "__proto__",
  "%00",
];

async function all(): Promise<readonly Command[]> {
  return Promise.all(Object.values(commands).map(async (load) => (await load()).command));
}

/** At most so many processes at once. */
const atOnce = 4;

async function eachOf(
  t: TestContext,
  lines: readonly (readonly string[])[],
  check: (ran: Ran, words: readonly string[]) => void,
): Promise<void> {
  const alice = host(t, "alice");
  ok(await alice.up());
  const waiting = [...lines];
  const work = async (of: TestHost): Promise<void> => {
    for (let words = waiting.shift(); words !== undefined; words = waiting.shift()) check(await of.run(words), words);
  };
  await Promise.all(Array.from({ length: atOnce }, () => work(alice)));
  assert.equal((await alice.status()).daemons[0]?.state, "running", "no wrong command line stops or changes anything");
}

function refused(ran: Ran, words: readonly string[], codes: readonly number[]): void {
  const what = JSON.stringify(words.map((word) => word.slice(0, 60)));
  assert.ok(codes.includes(ran.code ?? -1), `${what} ended with ${ran.code}: ${ran.stderr.slice(0, 500)}`);
  assert.equal(ran.stdout, "", what);
  harmless(ran, what);
  if (words.includes("--json")) {
    const error = JSON.parse(ran.stderr) as Record<string, unknown>;
    assert.equal(ran.stderr.trimEnd().split("\n").length, 1, what);
    assert.equal(typeof error["code"], "string", what);
    assert.ok(typeof error["hint"] === "string" && error["hint"] !== "", `${what} has no hint: ${ran.stderr}`);
  } else {
    assert.match(ran.stderr, /^error: [^\n]* \([a-z_]+\)\nhint: [^\n]+\n$/, what);
  }
}

function harmless(ran: Ran, what: string): void {
  for (const text of [ran.stdout, ran.stderr]) {
    assert.doesNotMatch(text, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/, what);
    assert.doesNotMatch(text, /\n {4}at |^node:/, what);
  }
  assert.ok(ran.stderr.length < 4_096, `${what} writes ${ran.stderr.length} characters`);
}

test("every command refuses words that are missing or too many, and options that it does not have, with a hint", async (t) => {
  const lines: string[][] = [];
  for (const [index, { name }] of (await all()).entries()) {
    const words = name.split(" ");
    const right = complete[name] ?? [];
    const [plain, other] = index % 2 === 0 ? [[], ["--json"]] : [["--json"], []];
    lines.push([...words, ...right, ...plain, "--no-such-option"], [...words, ...right, ...other, "--mesh"]);
    if (right.length > 0) lines.push([...words, ...plain]);
    if (!takesAnyWord.has(name)) lines.push([...words, ...right, ...other, "too", "many"]);
  }
  lines.push(["--json=yes"], ["status", "--json=yes"], ["outbox", "drop", "-5"], ["send", "@alice", "-5"], ["--"]);
  for (const first of ["sned", "outbox", "no-such-command", "-5", ""])
    lines.push([first, "no-such-word"], [first, "x", "--json"]);
  await eachOf(t, lines, (ran, words) => refused(ran, words, isHook(words) ? [1] : [2]));
});

/** To a coding agent 2 would say that what its user has typed is to be thrown away. */
function isHook([first, second]: readonly string[]): boolean {
  return first === "agent" && second === "hook";
}

test("hostile words and values reach no terminal, crash nothing, and end with the code that is theirs", async (t) => {
  const lines: string[][] = [];
  let turn = 0;
  // Each word meets many commands, each command some of the words; src/cli/main.test.ts has all with all.
  const some = (count: number): readonly string[] =>
    Array.from({ length: count }, () => {
      turn += 4;
      return hostile[turn % hostile.length] ?? "";
    });
  for (const { name, options } of await all()) {
    const words = name.split(" ");
    const right = complete[name] ?? [];
    const json = lines.length % 2 === 0 ? [] : ["--json"];
    if (!takesAnyWord.has(name))
      for (const word of some(3)) lines.push([...words, ...json, "--", word, ...(name === "send" ? ["text"] : [])]);
    for (const [option, { type }] of Object.entries(options)) {
      if (type === "boolean" || takesAnyValue.has(`${name} --${option}`)) continue;
      for (const value of some(1)) lines.push([...words, ...right, ...json, `--${option}=${value}`]);
    }
    if (name in complete) lines.push([...words, ...right, ...json, `--mesh=${hostile[1]}`]);
  }
  await eachOf(t, lines, (ran, words) => {
    const what = JSON.stringify(words.map((word) => word.slice(0, 60)));
    if (ran.code === 0) harmless(ran, what);
    else refused(ran, words, isHook(words) ? [1] : [2, 3, 4, 7]);
    // A hook is silent whatever is wrong. These are names that might be right, or an id that is; the broker's upkeep and a mesh that is yet to be made are of no mesh.
    if (ran.code === 0)
      assert.ok(
        /^\["(help|completion)"|^\["agent","hook"|^\["broker","upkeep"|^\["mesh","create","work"|__proto__|%00|passwd|#{60}|xxxx|--id=|--content-type=/.test(
          what,
        ),
        what,
      );
  });
});

test("hostile text of a sender is shown and not obeyed, in every form", async (t) => {
  const alice = host(t, "alice");
  ok(await alice.up());
  const text = "\u001b]0;owned\u0007\u009b2J\u202eevil\u0000\r\nsecond line";
  ok(
    await alice.run(["send", "@alice", "--wait", "delivered", "--mention", "@alice", "--meta", '{"a":"\\u009b2J"}'], {
      input: text,
    }),
  );
  for (const words of [
    ["inbox"],
    ["inbox", "show", "1"],
    ["mentions"],
    ["search", "evil"],
    ["history", "dm"],
    ["watch", "--unread", "--count", "1"],
  ]) {
    for (const json of [[], ["--json"]]) {
      const ran = await alice.run([...words, ...json]);
      ok(ran);
      harmless(ran, words.join(" "));
      assert.match(ran.stdout, /evil/);
    }
  }
  const { items } = JSON.parse(ok(await alice.run(["inbox", "--json"]))) as { items: { message: string }[] };
  assert.equal(items[0]?.message, text, "nothing of it is lost for a program");
});
