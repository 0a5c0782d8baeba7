import assert from "node:assert/strict";
import { test } from "node:test";
import { editTomlTable, type TableValue, tomlTable } from "./edit-toml-table.ts";
import type { Splice } from "./splice.ts";

const table = { parent: "mcp_servers", name: "claudemesh" };
const wanted: TableValue = {
  command: "/usr/bin/node",
  args: ['/a b/claude"mesh.mjs', "mcp"],
  env: { CLAUDEMESH_HOME: "C:\\home" },
};

function changed(text: string, changes: readonly Splice[]): string {
  return changes.reduce((now, { at, remove, insert }) => {
    assert.equal(now.slice(at, at + remove.length), remove);
    return now.slice(0, at) + insert + now.slice(at + remove.length);
  }, text);
}

const edited = (text: string, value: TableValue | null): string =>
  changed(text, editTomlTable(text, "config.toml", table, value));

const users = [
  "",
  'model = "x"',
  'model = "x"\n\n# mine\n[mcp_servers.other]\ncommand = "o" # stays\n',
  'a = """\n[mcp_servers.claudemesh]\n"""\n\n[z]\nb = [\n  1,\n]\n\n',
  'model = "x"\r\n[t]\r\nk = 1\r\n',
];

test("the table comes behind all that is the user's, and goes without a trace of it", () => {
  for (const text of users) {
    const after = edited(text, wanted);
    assert.ok(after.startsWith(text), JSON.stringify(after));
    assert.deepEqual(JSON.parse(JSON.stringify(tomlTable(after, "", table))), JSON.parse(JSON.stringify(wanted)));
    assert.equal(after.includes("\r\n"), text.includes("\r\n"));
    assert.equal(edited(after, null).trimEnd(), text.trimEnd());
    assert.equal(edited(after, wanted), after);
  }
});

test("an older form of the table is replaced, with what stands below it, and its neighbours stay", () => {
  const before =
    '[a]\nx = 1\n\n[mcp_servers.claudemesh]\ncommand = "old"\n\n[mcp_servers.claudemesh.env]\nA = "1"\n\n# of b\n[b]\ny = 2\n';
  const after = edited(before, wanted);
  assert.ok(after.startsWith("[a]\nx = 1\n"), after);
  assert.ok(after.includes("# of b\n[b]\ny = 2\n"), after);
  assert.ok(!after.includes("old"), after);
});

test("what is not TOML, and a table without lines of its own, are refused and stay as they are", () => {
  assert.throws(() => editTomlTable("a = \nb = 1", "c.toml", table, wanted), {
    code: "invalid_config",
    message: "c.toml cannot be read, line 1: it is not TOML",
  });
  for (const text of ['mcp_servers = { claudemesh = { command = "x" } }', 'mcp_servers.claudemesh.command = "x"\n'])
    assert.throws(() => editTomlTable(text, "c.toml", table, null), { code: "invalid_config" });
});
