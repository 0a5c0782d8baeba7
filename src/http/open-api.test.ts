import assert from "node:assert/strict";
import { test } from "node:test";
import type { Api } from "./api.ts";
import { openApi } from "./open-api.ts";
import { problemSchema } from "./open-api-refusals.ts";
import { problemMembers } from "./problem-members.ts";
import { operation, type Route, tagged } from "./route.ts";
import { described, oneOf, optional, someOf, text, whole } from "./shape.ts";
import { answerOf, count, view } from "./view.ts";

const api: Api = {
  title: "things",
  description: "Things",
  servers: [{ url: "http://localhost", description: "here" }],
  token: "the one of the file",
  program: "broker",
  pathsHint: "GET /things",
  busyCode: "daemon_busy",
  errors: ["unauthorized", "rate_limited"],
  strayErrors: ["preflight_forbidden"],
};

const thing = answerOf<{ readonly id: number }>("Thing")(view({ id: count() }));

function table(changes: { readonly errors?: Route["errors"] } = {}): readonly Route[] {
  return tagged("things", [
    operation({
      name: "thing",
      method: "GET",
      path: "/things/{id}",
      summary: "One",
      params: { id: described(whole(1, 9), "its number") },
      query: { colours: optional(someOf("red", "blue")) },
      headers: { host: text(), "if-thing": text() },
      head: true,
      answers: [{ status: 200, description: "The thing", body: described(thing, "as it is now") }],
      errors: ["already_exists", "outcome_pending", ...(changes.errors ?? [])],
      handle: () => ({ status: 200, body: { id: 1 } }),
    }),
    operation({
      name: "paint",
      method: "POST",
      path: "/things/{id}",
      summary: "Paint one",
      params: { id: whole(1, 9) },
      body: { colour: oneOf("red", "blue") },
      bodyOptional: true,
      answers: [{ status: 200, description: "The thing", body: thing }],
      handle: () => ({ status: 200, body: { id: 1 } }),
    }),
  ]);
}

type Json = Readonly<Record<string, unknown>>;

function at(document: Json, ...way: string[]): unknown {
  return way.reduce<unknown>((part, name) => (part as Json)[name], document);
}

test("the same table gives the same bytes, and asks no handler", () => {
  assert.equal(JSON.stringify(openApi(api, table(), "1")), JSON.stringify(openApi(api, table(), "1")));
});

test("parameters say where they stand; what is said of them is said once; nobody is asked to write Host", () => {
  assert.deepEqual(at(openApi(api, table(), "1"), "paths", "/things/{id}", "get", "parameters"), [
    {
      name: "id",
      in: "path",
      required: true,
      description: "its number",
      schema: { type: "integer", minimum: 1, maximum: 9 },
    },
    {
      name: "colours",
      in: "query",
      style: "form",
      explode: false,
      schema: { type: "array", items: { type: "string", enum: ["red", "blue"] }, minItems: 1 },
    },
    { name: "if-thing", in: "header", required: true, schema: { type: "string" } },
  ]);
});

test("a named answer is one schema; what is said in one place stays there", () => {
  const document = openApi(api, table(), "1");
  assert.deepEqual(at(document, "components", "schemas", "Thing"), {
    type: "object",
    properties: { id: { type: "integer", minimum: 0 } },
    required: ["id"],
  });
  const schema = ["responses", "200", "content", "application/json", "schema"];
  const path = ["paths", "/things/{id}"];
  assert.deepEqual(at(document, ...path, "post", ...schema), { $ref: "#/components/schemas/Thing" });
  assert.deepEqual(at(document, ...path, "get", ...schema), {
    $ref: "#/components/schemas/Thing",
    description: "as it is now",
  });
});

test("two schemas of one name are a mistake of ours, and found", () => {
  const other = answerOf<{ readonly name: string }>("Thing")(view({ name: text() }));
  const route = operation({
    name: "other",
    method: "GET",
    path: "/others",
    summary: "Another",
    answers: [{ status: 200, description: "It", body: other }],
    handle: () => ({ status: 200, body: { name: "a" } }),
  });
  assert.throws(() => openApi(api, [...table(), route], "1"), /two schemas are called Thing/);
});

test("refusals stand under their status with the closed list of their codes; those of all routes are shared", () => {
  const document = openApi(api, table(), "1");
  const responses = at(document, "paths", "/things/{id}", "get", "responses") as Record<string, Json>;
  assert.deepEqual(Object.keys(responses), ["200", "400", "401", "404", "409", "429", "500"]);
  const conflict = at(responses["409"] ?? {}, "content", "application/problem+json", "schema", "allOf") as Json[];
  assert.deepEqual(at(conflict[1] ?? {}, "properties"), {
    status: { const: 409 },
    code: { enum: ["already_exists", "outcome_pending"] },
  });
  assert.deepEqual(responses["429"], { $ref: "#/components/responses/daemon_busy.rate_limited" });
  assert.deepEqual(at(document, "components", "responses", "daemon_busy.rate_limited", "headers", "retry-after"), {
    description: "Seconds after which to try again",
    required: true,
    schema: { type: "integer", minimum: 1 },
  });
  assert.deepEqual(Object.keys(at(document, "components", "responses") as Json), [
    "unauthorized",
    "daemon_busy.rate_limited",
    "internal",
    "method_not_allowed",
    "not_found",
    "protocol_error",
    "preflight_forbidden",
  ]);
});

test("a header that only some codes of a status carry is no promise", () => {
  const document = openApi(api, table({ errors: ["auth_failed"] }), "1");
  const refused = at(document, "paths", "/things/{id}", "get", "responses", "401") as Json;
  assert.equal(at(refused, "headers", "www-authenticate", "required"), false);
});

test("HEAD answers as GET does, without bodies", () => {
  const head = at(openApi(api, table(), "1"), "paths", "/things/{id}", "head") as Json;
  assert.equal(head["operationId"], "thingHead");
  for (const response of Object.values(head["responses"] as Record<string, Json>))
    assert.deepEqual([response["content"], response["$ref"]], [undefined, undefined]);
});

test("what a refusal tells of itself has other names than what every refusal tells", () => {
  const own = Object.keys(problemSchema["properties"] as Json);
  for (const [code, members] of Object.entries(problemMembers))
    for (const name of Object.keys(members)) assert.ok(!own.includes(name), `${code}: ${name}`);
});
