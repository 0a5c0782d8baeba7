import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { limits } from "../protocol/limits.ts";
import { refusal, refusalError } from "../protocol/refusal.fixture.ts";
import { canonicalCases, inputOf } from "../protocol/vectors.fixture.ts";
import { canonicalJson, canonicalMeta, type Meta, metaFromText } from "./json-profile.ts";

const meta = (value: unknown): Meta => ({ a: value }) as Record<string, unknown>;

test("every text of the corpus is read and refused alike as meta, as any JSON, as text and as bytes", () => {
  for (const vector of canonicalCases) {
    const bytes = inputOf(vector);
    const sources = vector.error === "invalid_utf8" ? [bytes] : [bytes, bytes.toString("utf8")];
    for (const source of sources) {
      const read = () => (vector.as === "meta" ? canonicalMeta(source) : canonicalJson(source));
      if (vector.error !== undefined) assert.equal(refusal(read), vector.error, vector.name);
      else if (Buffer.byteLength(vector.canonical ?? "") <= limits.metaBytesMax)
        assert.equal(read(), vector.canonical, vector.name);
    }
  }
});

test("any JSON whose canonical text is larger than meta may be is refused, to the byte", () => {
  const sized = (bytes: number) => `"${"x".repeat(bytes - 2)}"`;
  assert.equal(canonicalJson(sized(limits.metaBytesMax)).length, limits.metaBytesMax);
  assert.equal(
    refusal(() => canonicalJson(sized(limits.metaBytesMax + 1))),
    "meta_too_large",
  );
});

test("what JSON.stringify would leave out, change or call for is refused, with the place that it stands at", () => {
  class Point {
    x = 1;
  }
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  const named = Object.assign([1], { extra: 2 });
  // Ten times ten times …: small in memory, and more than any meta holds once it is written.
  let shared: unknown = 1;
  for (let level = 0; level < limits.metaDepthMax - 1; level += 1) shared = Array.from({ length: 10 }, () => shared);
  const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) });
  const cases: readonly [string, unknown, string][] = [
    ["NaN", Number.NaN, "number_out_of_range"],
    ["Infinity", Number.NEGATIVE_INFINITY, "number_out_of_range"],
    ["2^53", 2 ** 53, "number_out_of_range"],
    ["1E20", 1e20, "number_out_of_range"],
    ["a BigInt", 1n, "invalid_field"],
    ["a big BigInt", 2n ** 64n, "number_out_of_range"],
    ["undefined", undefined, "invalid_field"],
    ["a function", () => 1, "invalid_field"],
    ["a symbol", Symbol("x"), "invalid_field"],
    ["a member named by a symbol", { [Symbol("x")]: 1 }, "invalid_field"],
    ["a toJSON of its own", { toJSON: () => 1 }, "invalid_field"],
    ["a Date", new Date(0), "invalid_field"],
    ["a Map", new Map(), "invalid_field"],
    ["a boxed number", Object(1), "invalid_field"],
    ["bytes", Buffer.from("x"), "invalid_field"],
    ["an instance of a class", new Point(), "invalid_field"],
    ["members that are inherited", Object.create({ x: 1 }), "invalid_field"],
    // biome-ignore lint/suspicious/noSparseArray: it is what is refused
    ["an array with a hole", [1, , 2], "invalid_field"],
    ["an array with a member by name", named, "invalid_field"],
    ["undefined in an array", [undefined], "invalid_field"],
    ["a lone surrogate", "\ud800", "lone_surrogate"],
    ["a lone surrogate in a key", { "\udfff": 1 }, "lone_surrogate"],
    ["what contains itself", circle, "too_deep"],
    ["one level too many", deep(limits.metaDepthMax), "too_deep"],
    ["a long text", "x".repeat(limits.metaBytesMax), "meta_too_large"],
    ["a long text of wide characters", "€".repeat(limits.metaBytesMax / 3), "meta_too_large"],
    ["many shared parts", shared, "meta_too_large"],
  ];
  for (const [what, value, code] of cases) {
    const error = refusalError(() => canonicalMeta(meta(value)));
    assert.equal(error.code, code, what);
    assert.match(error.message, /meta/, what);
  }
  assert.match(refusalError(() => canonicalMeta(meta([{ "b c": Number.NaN }]))).message, /^meta\.a\[0\]\["b c"\]: /);
  for (const none of [[1], 1, true, () => 1, new Date(0)])
    assert.equal(
      refusal(() => canonicalMeta(none as unknown as Meta)),
      "invalid_field",
    );
});

test("plain values of every kind are taken, of this realm and of another, with keys that every object inherits", () => {
  const foreign = runInNewContext('({ list: [1, { deep: null }], "__proto__x": true })') as Meta;
  assert.equal(canonicalMeta(foreign), '{"__proto__x":true,"list":[1,{"deep":null}]}');
  const bare = Object.assign(Object.create(null) as object, { b: -0, a: 1e30 }) as Meta;
  assert.equal(canonicalMeta(bare), '{"a":1e+30,"b":0}');
  const proto = JSON.parse('{"__proto__":{"x":1},"constructor":2,"10":1,"9":2}') as Meta;
  assert.equal(canonicalMeta(proto), '{"10":1,"9":2,"__proto__":{"x":1},"constructor":2}');
  assert.deepEqual([canonicalMeta(null), canonicalMeta({}), canonicalMeta(undefined)], ["", "", ""]);
});

test("a getter is asked once, so that nothing is sent that was not checked", () => {
  let asked = 0;
  const shifty = {
    get a() {
      asked += 1;
      return asked === 1 ? 1 : Number.NaN;
    },
  };
  assert.equal(canonicalMeta(shifty), '{"a":1}');
  assert.equal(asked, 1);
});

test("meta from text is what was written, and refused with the profile's code", () => {
  assert.equal(canonicalMeta(metaFromText('{"b":1.0,"a":"\\u00e9"}')), '{"a":"é","b":1}');
  assert.equal(metaFromText("null"), null);
  for (const [text, code] of [
    ['{"a":1,"a":2}', "duplicate_key"],
    ['{"a":9007199254740993}', "number_out_of_range"],
    ["[]", "invalid_field"],
    ["", "malformed_json"],
  ] as const)
    assert.equal(
      refusal(() => metaFromText(text)),
      code,
      text,
    );
  assert.equal(
    refusal(() => metaFromText(Uint8Array.of(0x22, 0xff, 0x22))),
    "invalid_utf8",
  );
});

test("an object and its JSON have one canonical text", () => {
  const value = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ stringUnit: "binary", maxDepth: 4 }));
  fc.assert(
    fc.property(value, (object) => {
      const read = (source: Meta | string) => {
        try {
          return canonicalMeta(source);
        } catch (error) {
          return (error as { code: string }).code;
        }
      };
      assert.equal(read(object), read(JSON.stringify(object)));
    }),
    { numRuns: 500 },
  );
});
