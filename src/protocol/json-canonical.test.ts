import assert from "node:assert/strict";
import { test } from "node:test";
import canonicalize from "canonicalize";
import fc from "fast-check";
import { canonicalJson, canonicalNumber } from "./json-canonical.ts";
import { parseJson } from "./json-parse.ts";
import type { JsonValue } from "./json-value.ts";
import { limits } from "./limits.ts";
import { refusal } from "./refusal.fixture.ts";
import { canonicalCases, inputOf, rfcFiles, rfcNumbers } from "./vectors.fixture.ts";

const depthMax = limits.metaDepthMax;

/** Values of the profile: well-formed texts, no integer beyond ±(2^53−1) in canonical form. */
const jsonValue = fc.jsonValue({ stringUnit: "binary", maxDepth: 6 }).filter((value) => {
  const integers = JSON.stringify(value).match(/(?<![\d.eE+-])-?\d+(?![\d.eE])/g) ?? [];
  return integers.every((text) => Number.isSafeInteger(Number(text)));
}) as fc.Arbitrary<JsonValue>;

test("the published pairs of RFC 8785's authors canonicalize to the byte", () => {
  assert.equal(rfcFiles.length, 6);
  for (const { name, input, output } of rfcFiles) {
    assert.deepEqual(Buffer.from(canonicalJson(parseJson(input))), output, name);
  }
});

test("numbers are written as in RFC 8785's appendix B; what the profile forbids there is refused", () => {
  const view = new DataView(new ArrayBuffer(8));
  for (const { bits, text } of rfcNumbers) {
    view.setBigUint64(0, BigInt(`0x${bits}`));
    const value = view.getFloat64(0);
    const bigInteger = text !== null && /^-?\d+$/.test(text) && !Number.isSafeInteger(Number(text));
    if (text === null || bigInteger)
      assert.equal(
        refusal(() => canonicalNumber(value)),
        "number_out_of_range",
        bits,
      );
    else assert.equal(canonicalNumber(value), text, bits);
  }
});

test("every accepted value of the corpus has exactly its canonical text, which is its own canonical text", () => {
  const accepted = canonicalCases.filter((vector) => vector.as === "value" && vector.canonical !== undefined);
  assert.ok(accepted.length >= 150);
  for (const vector of accepted) {
    const text = canonicalJson(parseJson(inputOf(vector), { depthMax }));
    assert.equal(text, vector.canonical, vector.name);
    assert.equal(canonicalJson(parseJson(text, { depthMax })), text, vector.name);
  }
});

test("the canonical text is that of an independent canonicalizer", () => {
  fc.assert(
    fc.property(jsonValue, (value) => assert.equal(canonicalJson(value), canonicalize(value))),
    { numRuns: 1_000 },
  );
});

test("the canonical text parses to the same value, whatever the order and the spelling it came in", () => {
  fc.assert(
    fc.property(jsonValue, fc.nat(3), (value, indent) => {
      const text = canonicalJson(value);
      assert.equal(canonicalJson(parseJson(text)), text);
      assert.equal(canonicalJson(parseJson(JSON.stringify(reversed(value), null, indent))), text);
    }),
    { numRuns: 500 },
  );
});

test("every finite double is written as ECMAScript writes it, or refused as a big integer", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = JSON.stringify(value);
      if (/^-?\d+$/.test(text) && !Number.isSafeInteger(value)) {
        assert.equal(
          refusal(() => canonicalNumber(value)),
          "number_out_of_range",
        );
      } else assert.equal(canonicalNumber(value), text);
    }),
    { numRuns: 2_000 },
  );
});

test("what has no canonical form is refused, alone, as a key and deep inside", () => {
  for (const number of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53, -(2 ** 53), 1e20]) {
    assert.equal(
      refusal(() => canonicalJson(number)),
      "number_out_of_range",
    );
    assert.equal(
      refusal(() => canonicalJson([{ a: [number] }])),
      "number_out_of_range",
    );
  }
  for (const text of ["\ud800", "\udc00", "a\udfff", "\udc00\ud800", "\ud800\ud800\udc00"]) {
    assert.equal(
      refusal(() => canonicalJson(text)),
      "lone_surrogate",
    );
    assert.equal(
      refusal(() => canonicalJson({ a: [{ [text]: 1 }] })),
      "lone_surrogate",
    );
  }
});

test("a value nested deeper than the profile allows is refused and never exhausts the stack", () => {
  assert.equal(canonicalJson(nested(depthMax)), "[".repeat(depthMax) + "]".repeat(depthMax));
  assert.equal(
    refusal(() => canonicalJson(nested(depthMax + 1))),
    "too_deep",
  );
  assert.equal(
    refusal(() => canonicalJson({ a: nested(depthMax) })),
    "too_deep",
  );
  assert.equal(
    refusal(() => canonicalJson(nested(200_000))),
    "too_deep",
  );
});

test("a key named __proto__ is written whether the object has a prototype or not", () => {
  const text = '{"__proto__":{"a":1},"b":2}';
  assert.equal(canonicalJson(parseJson(text)), text);
  assert.equal(canonicalJson(JSON.parse(text) as JsonValue), text);
});

function nested(depth: number): JsonValue {
  let value: JsonValue = [];
  for (let level = 1; level < depth; level += 1) value = [value];
  return value;
}

/** The same value with the members of every object in reverse order. */
function reversed(value: JsonValue): JsonValue {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item: JsonValue) => reversed(item));
  const turned: Record<string, JsonValue> = Object.create(null);
  for (const [key, item] of Object.entries(value).reverse()) turned[key] = reversed(item);
  return turned;
}
