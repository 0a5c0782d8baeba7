import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ClaudemeshError } from "./error.ts";
import { parseJson } from "./json-parse.ts";
import { limits } from "./limits.ts";
import { refusal, refusalError, resultOrRefusal } from "./refusal.fixture.ts";
import { canonicalCases, inputOf } from "./vectors.fixture.ts";

const depthMax = limits.metaDepthMax;
const sizeCode = "meta_too_large";

test("every refused value of the corpus is refused with its code", () => {
  // The size of a canonical form is no matter of the parser's.
  const refused = canonicalCases.filter(({ as, error }) => as === "value" && (error ?? sizeCode) !== sizeCode);
  assert.ok(refused.length >= 200);
  for (const vector of refused) {
    assert.equal(
      refusal(() => parseJson(inputOf(vector), { depthMax })),
      vector.error,
      vector.name,
    );
  }
});

test("text and bytes are read alike", () => {
  for (const vector of canonicalCases.filter(({ as, error }) => as === "value" && error !== "invalid_utf8")) {
    const bytes = inputOf(vector);
    const read = (source: string | Uint8Array) => {
      const result = resultOrRefusal(() => parseJson(source, { depthMax }));
      return result instanceof ClaudemeshError ? result.code : JSON.stringify(result);
    };
    if (typeof bytes !== "string") assert.equal(read(bytes.toString("utf8")), read(bytes), vector.name);
  }
});

test("what JSON.parse reads is read to the same value, unless the profile forbids it", () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: "binary", maxDepth: 5 }), (text) => {
      const result = resultOrRefusal(() => parseJson(text));
      if (result instanceof ClaudemeshError) assert.equal(result.code, "number_out_of_range");
      else assert.equal(JSON.stringify(result), JSON.stringify(JSON.parse(text)));
    }),
    { numRuns: 1_000 },
  );
});

test("a text that JSON.parse refuses is refused, and nothing but the typed error is thrown", () => {
  const fragment = fc.constantFrom(
    ..."{}[]:,\"\\ntrue0-1.5eE+ \t\u0000\ufeff\ud800'/".split(""),
    "false",
    "null",
    "\\u00",
    "1e400",
  );
  const hostile = fc.oneof(
    fc.array(fragment, { maxLength: 12 }).map((parts) => parts.join("")),
    fc.tuple(fc.json(), fragment, fc.nat()).map(([text, part, at]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + part + text.slice(place + (at % 3));
    }),
  );
  fc.assert(
    fc.property(hostile, (text) => {
      const result = resultOrRefusal(() => parseJson(text));
      if (!(result instanceof ClaudemeshError)) JSON.parse(text);
    }),
    { numRuns: 3_000 },
  );
});

test("no bytes throw anything but the typed error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      resultOrRefusal(() => parseJson(bytes));
      resultOrRefusal(() => parseJson(Buffer.concat([Buffer.from('{"a":"'), bytes, Buffer.from('"}')])));
    }),
    { numRuns: 1_000 },
  );
});

test("an object has no prototype, so that no key of a peer reaches one", () => {
  const value = parseJson('{"__proto__":{"polluted":true},"a":{}}') as Record<string, object>;
  assert.equal(Object.getPrototypeOf(value), null);
  assert.equal(Object.getPrototypeOf(value["a"]), null);
  assert.deepEqual(Object.keys(value), ["__proto__", "a"]);
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
});

test("a whole request may nest deeper than its meta, to a bound of its own", () => {
  const arrays = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  assert.doesNotThrow(() => parseJson(arrays(32)));
  assert.equal(
    refusal(() => parseJson(arrays(33))),
    "too_deep",
  );
  assert.equal(
    refusal(() => parseJson(arrays(3), { depthMax: 2 })),
    "too_deep",
  );
});

test("a refusal says where the text ends to be JSON, and repeats no more than a little of it", () => {
  const malformed = refusalError(() => parseJson('{"a":tru}'));
  assert.deepEqual(malformed.details, { at: 5 });
  assert.match(malformed.message, /at character 5/);
  const long = "k".repeat(100_000);
  assert.ok(refusalError(() => parseJson(`{"${long}":1,"${long}":2}`)).message.length < 200);
  assert.ok(refusalError(() => parseJson("9".repeat(100_000))).message.length < 200);
});
