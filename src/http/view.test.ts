import assert from "node:assert/strict";
import { test } from "node:test";
import { anyJson, described, type Field, oneOf, optional, text } from "./shape.ts";
import { constant, count, either, flag, instant, listing, nullable, record, view } from "./view.ts";

const thing = view({ name: text(), size: optional(count()), made_at: nullable(instant()) });

test("a view reads what it describes and finds what it does not", () => {
  const written = { name: "a", size: 1, made_at: "2026-01-01T00:00:00.000Z" };
  assert.deepEqual(thing.read(written, ""), written);
  assert.deepEqual(thing.read({ name: "a", made_at: null }, ""), { name: "a", made_at: null });
  assert.throws(() => thing.read({ ...written, colour: "red" }, ""), { code: "unknown_field" });
  assert.throws(() => thing.read({ name: "a" }, ""), { code: "missing_field" });
});

test("its schema leaves room for fields to come", () => {
  assert.deepEqual(thing.schema, {
    type: "object",
    properties: {
      name: { type: "string" },
      size: { type: "integer", minimum: 0 },
      made_at: { type: ["string", "null"], format: "date-time" },
    },
    required: ["name", "made_at"],
  });
});

const cases: readonly [Field<unknown>, unknown[], unknown[]][] = [
  [count(), [0, 7], [-1, 1.5, "1", null, 2 ** 53]],
  [flag(), [true, false], ["true", 0, null]],
  [constant("v1"), ["v1"], ["v2", null]],
  [constant(true), [true], [false, "true"]],
  [instant(), ["2026-01-01T00:00:00.000Z"], ["2026-01-01", "2026-13-01T00:00:00.000Z", 0]],
  [nullable(oneOf("a", "b")), ["a", null], ["c", undefined]],
  [nullable(view({ id: count() })), [{ id: 1 }, null], [{}, []]],
  [listing(count()), [[], [1, 2]], [[1, "2"], {}, null]],
  [record(count()), [{}, { a: 1 }], [{ a: "1" }, [], null]],
  [record(anyJson("")), [{ a: [null] }], [1]],
  [either(view({ a: count() }), view({ b: count() })), [{ a: 1 }, { b: 1 }], [{ a: 1, b: 1 }, {}]],
];

test("each field takes what it is for and nothing that only looks like it", () => {
  for (const [field, good, bad] of cases) {
    const name = JSON.stringify(field.schema);
    for (const value of good) assert.deepEqual(field.read(value, "x"), value, name);
    for (const value of bad) assert.throws(() => field.read(value, "x"), { name: "ClaudemeshError" }, name);
  }
});

test("schemas say null beside the type, or beside the whole where values are listed", () => {
  assert.deepEqual(nullable(text()).schema, { type: ["string", "null"] });
  assert.deepEqual(nullable(oneOf("a")).schema, { anyOf: [{ type: "string", enum: ["a"] }, { type: "null" }] });
  assert.deepEqual(described(optional(text()), "what it is", { maxLength: 4 }).schema, {
    type: "string",
    maxLength: 4,
    description: "what it is",
  });
});
