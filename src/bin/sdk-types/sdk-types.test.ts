import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { sdkTypeFiles } from "./files.ts";
import { readModel } from "./read-model.ts";

test("the types of every SDK are checked in as the API's description gives them now", () => {
  for (const [path, text] of Object.entries(sdkTypeFiles()))
    assert.equal(readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8"), text, `${path}: npm run docs`);
});

test("an inline shape that occurs twice is one type, whatever is said of it", () => {
  const shape = (description: string) => ({
    type: ["object", "null"],
    description,
    properties: { reached: { type: "integer" } },
    required: ["reached"],
  });
  const { answers } = readModel(
    described({
      One: { type: "object", properties: { delivered_to: shape("first") }, required: ["delivered_to"] },
      Two: { type: "object", properties: { read_by: shape("second") }, required: [] },
    }),
  );
  const field = (name: string, index: number) => answers.find((each) => each.name === name)?.fields[index];
  assert.deepEqual(field("One", 0)?.type, field("Two", 0)?.type);
  assert.deepEqual([field("One", 0)?.nullable, field("Two", 0)?.required], [true, false]);
});

test("an answer of two forms is one type that tells which form it is, and null from absent", () => {
  const { answers } = readModel(
    described({
      Item: {
        anyOf: [
          {
            type: "object",
            properties: { id: { type: "integer" }, topic: { type: ["string", "null"] } },
            required: ["id", "topic"],
          },
          {
            type: "object",
            properties: { id: { type: "integer" }, gone: { type: "string" } },
            required: ["id", "gone"],
          },
        ],
      },
    }),
  );
  const fields = answers.find(({ name }) => name === "Item")?.fields ?? [];
  assert.deepEqual(
    fields.map(({ name, required, absentWith }) => [name, required, absentWith]),
    [
      ["id", true, undefined],
      ["topic", false, "gone"],
      ["gone", false, undefined],
    ],
  );
});

test("a type that no SDK has is a failure of the generator, not a guess", () => {
  const schemas = { One: { type: "object", properties: { at: { type: "number" } }, required: ["at"] } };
  assert.throws(() => readModel(described(schemas)), /One\.at/);
});

/** The least description that has a model. */
function described(schemas: Readonly<Record<string, unknown>>): unknown {
  const receipt = {
    properties: { event: { enum: ["receipt"] }, data: { contentSchema: { type: "object", properties: {} } } },
  };
  const responses = { "200": { content: { "text/event-stream": { "x-itemSchema": { anyOf: [receipt] } } } } };
  return { paths: { "/v1/events": { get: { operationId: "events", responses } } }, components: { schemas } };
}
