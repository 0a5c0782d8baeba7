import assert from "node:assert/strict";
import { test } from "node:test";
import { commands, findCommand } from "./commands.ts";
import { command as send } from "./send.ts";
import { parseArguments } from "./parse-arguments.ts";

test("options, repeated options and words are read in any order, and everything after -- is a word", () => {
  const given = parseArguments(send, [
    "--id",
    "a",
    "@bob",
    "--mention=@x",
    "--json",
    "--mention",
    "@y",
    "--",
    "--file",
  ]);
  assert.deepEqual(given.positionals, ["@bob", "--file"]);
  assert.deepEqual(
    [...given.values],
    [
      ["id", ["a"]],
      ["mention", ["@x", "@y"]],
      ["json", ["true"]],
    ],
  );
});

test("a lone - is a word: it stands for standard input", () => {
  assert.deepEqual(parseArguments(send, ["@bob", "-"]).positionals, ["@bob", "-"]);
});

test("an unknown option is refused with the one that was meant", () => {
  assert.throws(() => parseArguments(send, ["--prioritty", "now"]), {
    code: "usage",
    message: "`claudemesh send` has no option --prioritty",
    hint: "did you mean --priority?",
  });
  assert.throws(() => parseArguments(send, ["-x"]), { code: "usage" });
});

for (const [words, message] of [
  [["--id"], "--id needs a value: --id ID"],
  [["--json=yes"], "--json takes no value"],
  [["--id", "a", "--id", "b"], "--id is given twice"],
] as const) {
  test(`refused: ${words.join(" ")}`, () =>
    assert.throws(() => parseArguments(send, words), { code: "usage", message }));
}

test("another name of a command is nobody else's, and names it wherever it is typed", async () => {
  const known = new Set(Object.keys(commands));
  for (const load of Object.values(commands)) {
    const { command } = await load();
    for (const alias of command.aliases ?? []) {
      assert.ok(!known.has(alias), alias);
      known.add(alias);
      assert.equal((await findCommand([...alias.split(" "), "x"]))?.command, command);
    }
  }
  assert.equal(await findCommand(["no", "such"]), null);
});

test("every command names itself as the table does, and its usage begins with its name", async () => {
  for (const [name, load] of Object.entries(commands)) {
    const { command } = await load();
    assert.equal(command.name, name);
    assert.ok(command.usage.startsWith(name), `${command.usage} does not begin with ${name}`);
    assert.ok(!command.summary.endsWith("."), `the summary of ${name} ends with a full stop`);
    assert.ok(command.examples.length > 0, `${name} has no example`);
  }
});
