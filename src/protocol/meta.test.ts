import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ClaudemeshError } from "./error.ts";
import { parseJson } from "./json-parse.ts";
import { limits } from "./limits.ts";
import { canonicalMeta, parseMeta } from "./meta.ts";
import { refusal, resultOrRefusal } from "./refusal.fixture.ts";
import { canonicalCases, inputOf } from "./vectors.fixture.ts";

const metaCases = canonicalCases.filter((vector) => vector.as === "meta");

test("every meta of the corpus has its canonical text or is refused with its code", () => {
  assert.ok(metaCases.length >= 20);
  for (const vector of metaCases) {
    const read = () => canonicalMeta(parseJson(inputOf(vector), { depthMax: limits.metaDepthMax }));
    if (vector.error === undefined) assert.equal(read(), vector.canonical, vector.name);
    else assert.equal(refusal(read), vector.error, vector.name);
  }
});

test("absent, null and {} are no meta, in both directions", () => {
  assert.equal(canonicalMeta(undefined), "");
  assert.equal(canonicalMeta(null), "");
  assert.equal(canonicalMeta({}), "");
  assert.equal(parseMeta(""), null);
});

test("a canonical text from the wire is read to the meta that was written", () => {
  for (const { canonical, name } of metaCases) {
    if (canonical !== undefined && canonical !== "") assert.equal(canonicalMeta(parseMeta(canonical)), canonical, name);
  }
});

test("a text from the wire that is not its own canonical form is refused: it would hash apart from its equals", () => {
  for (const text of [
    "{}",
    "null",
    ' {"a":1}',
    '{"a": 1}',
    '{"b":1,"a":2}',
    '{"a":1.0}',
    '{"a":-0}',
    '{"a":"\\u0061"}',
    '{"a":1}\n',
  ]) {
    assert.equal(
      refusal(() => parseMeta(text)),
      "invalid_envelope",
      text,
    );
  }
});

test("a text from the wire outside the profile is refused with the profile's code", () => {
  const deep = `{"a":${"[".repeat(limits.metaDepthMax)}${"]".repeat(limits.metaDepthMax)}}`;
  assert.equal(
    refusal(() => parseMeta(deep)),
    "too_deep",
  );
  assert.equal(
    refusal(() => parseMeta('{"a":1,"a":2}')),
    "duplicate_key",
  );
  assert.equal(
    refusal(() => parseMeta('{"a":9007199254740992}')),
    "number_out_of_range",
  );
  assert.equal(
    refusal(() => parseMeta('{"a":"\ud800"}')),
    "lone_surrogate",
  );
  assert.equal(
    refusal(() => parseMeta('{"a":')),
    "malformed_json",
  );
  for (const text of ["[]", "1", '"a"', "true"])
    assert.equal(
      refusal(() => parseMeta(text)),
      "invalid_field",
    );
});

test("the limit counts bytes of the canonical form, to the byte, in both directions", () => {
  const sized = (bytes: number) => `{"k":"${"€".repeat(Math.floor((bytes - 8) / 3))}${"x".repeat((bytes - 8) % 3)}"}`;
  const fits = sized(limits.metaBytesMax);
  const over = sized(limits.metaBytesMax + 1);
  assert.equal(Buffer.byteLength(over), limits.metaBytesMax + 1);
  assert.equal(canonicalMeta(parseMeta(fits)), fits);
  assert.equal(
    refusal(() => parseMeta(over)),
    "meta_too_large",
  );
  assert.equal(
    refusal(() => parseMeta(`{"k":"${"x".repeat(limits.metaBytesMax)}"}`)),
    "meta_too_large",
  );
  assert.equal(
    refusal(() => canonicalMeta(parseJson(over))),
    "meta_too_large",
  );
});

test("no text from the wire throws anything but the typed error; what is read writes the same text again", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json()), (text) => {
      const meta = resultOrRefusal(() => parseMeta(text));
      if (!(meta instanceof ClaudemeshError)) assert.equal(canonicalMeta(meta), text);
    }),
    { numRuns: 500 },
  );
});
