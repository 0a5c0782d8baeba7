import assert from "node:assert/strict";
import { test } from "node:test";
import { editConfig } from "./edit-config.ts";

const edit = (source: string, table: string, key: string, value: unknown): string =>
  editConfig(source, "c.toml", { table, key, value });

test("a value is replaced where it stands: comments, order, blanks and line ends stay", () => {
  assert.equal(
    edit("# top\n[b]\ny = 1\n\n[a]\n# why\n  x   = 5   # because # of it\nz = 2\n", "a", "x", 6),
    "# top\n[b]\ny = 1\n\n[a]\n# why\n  x   = 6   # because # of it\nz = 2\n",
  );
  assert.equal(edit("[a]\r\nx = 1\r\n# end", "a", "x", 2), "[a]\r\nx = 2\r\n# end\r\n");
});

test("a value over several lines, with brackets, comments and headers in it, is replaced as a whole", () => {
  assert.equal(
    edit('[a]\nx = [ # of\n  "[b]", # one\n  "#",\n] # after\ny = 1\n', "a", "x", ["k"]),
    '[a]\nx = [ "k" ] # after\ny = 1\n',
  );
  assert.equal(
    edit('[a]\nx = """\n[b]\ny = 7\n"""\n[b]\ny = 1\n', "b", "y", 2),
    '[a]\nx = """\n[b]\ny = 7\n"""\n[b]\ny = 2\n',
  );
});

test("quoted and dotted names are the same names", () => {
  assert.equal(edit('["a"]\n"x" = 1\n', "a", "x", 2), '["a"]\n"x" = 2\n');
  assert.equal(edit("a.x = 1\n", "a", "x", 2), "a.x = 2\n");
  assert.equal(edit("a.x = 1\nb.z = 1\n", "a", "y", 2), "a.x = 1\na.y = 2\nb.z = 1\n");
});

test("a missing key goes behind the last of its table, a missing table to the end", () => {
  assert.equal(edit("[a]\nx = 1\n\n[b]\n", "a", "y", true), "[a]\nx = 1\ny = true\n\n[b]\n");
  assert.equal(edit("[a]\n[b]\n", "a", "y", 'q"uote'), '[a]\ny = "q\\"uote"\n[b]\n');
  assert.equal(edit("# only this\n", "a", "y", 1), "# only this\n\n[a]\ny = 1\n");
  assert.equal(edit("", "a", "y", 1), "[a]\ny = 1\n");
});

test("a key is taken out with its lines and without its comments; one that is not there changes nothing", () => {
  assert.equal(edit("[a]\n# about x\nx = [\n1,\n]\ny = 1\n", "a", "x", null), "[a]\n# about x\ny = 1\n");
  assert.equal(edit("a.x = 1\n", "a", "x", null), "");
  assert.equal(edit("[a]\ny = 1\n", "a", "x", null), "[a]\ny = 1\n");
});

test("a table goes with its last key, unless something that its user wrote stands there", () => {
  assert.equal(edit("[a]\nx = 1\n", "a", "x", null), "");
  assert.equal(edit("# top\n[b]\ny = 1\n\n\n[a]\nx = 1\n\n", "a", "x", null), "# top\n[b]\ny = 1\n");
  assert.equal(edit("[a]\r\nx = 1\r\n\r\n[b]\r\ny = 1\r\n", "a", "x", null), "[b]\r\ny = 1\r\n");
  assert.equal(edit("[a]\nx = 1\n[b]\n", "a", "x", null), "[b]\n");
  assert.equal(edit("[a] # ours\nx = 1\n", "a", "x", null), "[a] # ours\n");
  assert.equal(edit("[a]\nx = 1\n# ours\n", "a", "x", null), "[a]\n# ours\n");
});

for (const [what, source] of [
  ["an inline table", "a = { x = 1 }\n"],
  ["an escape in a key", '[a]\n"\\u0078" = 1\n'],
] as const) {
  test(`${what} cannot be edited by lines, and is refused`, () => {
    assert.throws(() => edit(source, "a", "x", 2), { code: "invalid_config", hint: "edit it by hand: c.toml" });
  });
}

test("a byte order mark, tabs, spaces in a header and a missing last line end are the user's and stay", () => {
  assert.equal(edit("\ufeff[a]\nx = 1\n", "a", "x", 2), "\ufeff[a]\nx = 2\n");
  assert.equal(edit("\ufeffa.x = 1\n", "a", "y", 2), "\ufeffa.x = 1\na.y = 2\n");
  assert.equal(edit("\ufeff# only\n", "a", "x", 1), "\ufeff# only\n\n[a]\nx = 1\n");
  assert.equal(edit("[ a ] # of\n\tx\t=\t1\t# tab\n", "a", "x", 2), "[ a ] # of\n\tx\t=\t2\t# tab\n");
  assert.equal(edit("[a]\nx = 1", "a", "y", 2), "[a]\nx = 1\ny = 2\n");
  assert.equal(edit("[a]\n# x = 9\n", "a", "x", 1), "[a]\nx = 1\n# x = 9\n");
  assert.equal(edit("a = { x = 1 } # in line\n", "b", "y", 2), "a = { x = 1 } # in line\n\n[b]\ny = 2\n");
});

for (const [what, source] of [
  ["a table", "[a]\nx = 1\n[a]\ny = 2\n"],
  ["a key", "[a]\nx = 1\nx = 2\n"],
] as const) {
  test(`${what} that is there twice is refused: nobody says which one counts`, () => {
    assert.throws(() => edit(source, "a", "x", 3), { code: "invalid_config" });
  });
}

test("taking out what only an inline table holds is refused too", () => {
  assert.throws(() => edit("a = { x = 1 }\n", "a", "x", null), { code: "invalid_config" });
});
