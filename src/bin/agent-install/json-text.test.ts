import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { spliced } from "../../protocol/splice.ts";
import { addElement, addMember, type JsonNode, readJson, removeAt, plainValue } from "./json-text.ts";

type Holder = JsonNode & { kind: "object" };

function objectOf(text: string, comments = false): Holder {
  const root = readJson(text, "f.json", comments);
  assert.equal(root.kind, "object");
  return root as Holder;
}

/** JSON as people and programs write it. */
const written = fc
  .tuple(
    fc.dictionary(
      fc.string().filter((key) => key !== "ours"),
      fc.jsonValue({ maxDepth: 4 }),
      { maxKeys: 5 },
    ),
    fc.constantFrom("", "  ", "\t", "    "),
    fc.constantFrom("", "\n", "\r\n"),
  )
  .map(
    ([value, unit, end]) => JSON.stringify(value, null, unit).replaceAll("\n", end === "\r\n" ? "\r\n" : "\n") + end,
  );

describe("JSON edited as text", () => {
  it("reads every JSON value as JSON.parse does", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2, "\t"), (value, unit) => {
        const text = JSON.stringify(value, null, unit);
        assert.deepEqual(plainValue(readJson(text, "f.json")), JSON.parse(text));
      }),
    );
  });

  it("reads a text of any length, and the backslashes at its end", () => {
    const long = { a: "x".repeat(8_000_000), b: '\\\\"\\', c: "" };
    assert.deepEqual(plainValue(objectOf(JSON.stringify(long))), long);
    for (const wrong of ['{"a": "\\x"}', '{"a": "\n"}', '{"a": 1-2}', '{"\\x": 1}', '{"a": "\\"}'])
      assert.throws(() => readJson(wrong, "f.json", true), { code: "invalid_config" }, wrong);
  });

  it("has the member that was added, every other one as it was to the byte, and none when it is removed again", () => {
    fc.assert(
      fc.property(written, fc.jsonValue({ maxDepth: 3 }), (text, value) => {
        const having = spliced(text, addMember(text, objectOf(text), "ours", value));
        assert.deepEqual(JSON.parse(having), {
          ...(JSON.parse(text) as object),
          ours: JSON.parse(JSON.stringify(value)),
        });
        const held = objectOf(having);
        const at = held.members.findIndex(({ key }) => key === "ours");
        const without = spliced(having, removeAt(having, held, at));
        assert.deepEqual(JSON.parse(without), JSON.parse(text));
        if (held.members.length > 1) assert.equal(without, text);
      }),
    );
  });

  it("writes as the text is written: its indent, its line ends, or all on one line", () => {
    const added = (text: string): string => spliced(text, addMember(text, objectOf(text), "b", { c: [1] }));
    assert.equal(added('{\n\t"a": 1\n}\n'), '{\n\t"a": 1,\n\t"b": {\n\t\t"c": [\n\t\t\t1\n\t\t]\n\t}\n}\n');
    assert.equal(added('{"a": 1}'), '{"a": 1, "b": {"c":[1]}}');
    assert.equal(added("{}"), '{\n  "b": {\n    "c": [\n      1\n    ]\n  }\n}');
    assert.equal(
      added('{\r\n  "a": 1\r\n}'),
      '{\r\n  "a": 1,\r\n  "b": {\r\n    "c": [\r\n      1\r\n    ]\r\n  }\r\n}',
    );
    const list = objectOf('{"l": [ 1 ]}').members[0]?.node;
    assert.ok(list?.kind === "array");
    assert.equal(spliced('{"l": [ 1 ]}', addElement('{"l": [ 1 ]}', list, 2)), '{"l": [ 1, 2 ]}');
  });

  it("refuses what is no JSON with the line, comments among it unless they are allowed", () => {
    const text = '{\n  // mine\n  "a": 1,\n}\n';
    for (const wrong of [text, "", "{", '{\n"a" 1}', "[1,]", '{"a":1} x', "nul"])
      assert.throws(() => readJson(wrong, "/x/f.json"), {
        code: "invalid_config",
        message: /^\/x\/f\.json cannot be read, line \d: /,
      });
    assert.deepEqual(plainValue(readJson(text, "f.json", true)), { a: 1 });
    for (const wrong of ["{", '{\n"a" 1}', "[,]", '{"a":1} x', "nul", '{"a"}', "/* "])
      assert.throws(() => readJson(wrong, "f.json", true), { code: "invalid_config" });
    assert.throws(() => readJson(`${"[".repeat(300)}${"]".repeat(300)}`, "f.json"), /nested too deep/);
  });
});
