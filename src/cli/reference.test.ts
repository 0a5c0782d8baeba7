import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { Command } from "./command.ts";
import { commands } from "./commands.ts";
import { commonExits, exitCodes } from "./exit-codes.ts";
import { helpTopics } from "./help/topics.ts";
import { cliReference } from "./reference.ts";

async function described(): Promise<readonly (readonly [string, Command])[]> {
  return Promise.all(Object.entries(commands).map(async ([name, load]) => [name, (await load()).command] as const));
}

describe("the reference of the command line", () => {
  it("is checked in as it is made now", async () => {
    const checkedIn = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");
    assert.equal(checkedIn, await cliReference(), "run: npm run docs");
  });

  it("names in no place a command or topic that there is not", async () => {
    const known = new Set([...Object.keys(commands), ...Object.keys(helpTopics).map((name) => `help ${name}`)]);
    for (const [name, command] of await described())
      for (const related of command.related ?? []) assert.ok(known.has(related), `${name}: ${related}`);
  });
});

describe("every command", () => {
  it("is called as the table calls it, and says what it does in one line", async () => {
    for (const [name, command] of await described()) {
      assert.equal(command.name, name);
      assert.match(command.summary, /^[A-Z].*[^.\s]$/, name);
      assert.ok(command.usage.startsWith(name), name);
      assert.ok(command.examples.length > 0, name);
    }
  });

  it("lists no exit code that every command has", async () => {
    for (const [name, command] of await described())
      for (const exit of command.exits ?? []) {
        assert.ok(exit in exitCodes);
        assert.ok(!commonExits.includes(exit), name);
      }
  });
});

it("a topic of the help has no command's name, nor that of a group of them", () => {
  const taken = new Set(Object.keys(commands).flatMap((name) => [name, name.split(" ")[0] ?? ""]));
  for (const name of Object.keys(helpTopics)) assert.ok(!taken.has(name), name);
});
