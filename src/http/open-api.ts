import { isDeepStrictEqual } from "node:util";
import { assert } from "../base/assert.ts";
import type { Api } from "./api.ts";
import { problemSchema, referredRefusals, refusals, sharedRefusals } from "./open-api-refusals.ts";
import type { Answer, RawBody, Route } from "./route.ts";
import { type Field, type Shape, schemaOf } from "./shape.ts";

/** JSON of an OpenAPI document or of a part of one. */
export type Json = Readonly<Record<string, unknown>>;

/**
 * The OpenAPI 3.1 description of an API, from the very table that is served. Pure, and always in the order of the table:
 * the same routes give the same bytes.
 */
export function openApi(api: Api, routes: readonly Route[], version: string): Json {
  const schemas: Record<string, unknown> = { Problem: problemSchema };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    paths[route.path] = {
      ...paths[route.path],
      [route.method.toLowerCase()]: operationOf(route, api),
      ...(route.head ? { head: headOf(route, api) } : {}),
    };
  }
  const named = nameSchemas(paths, schemas);
  return {
    openapi: "3.1.1",
    info: { title: api.title, version, description: api.description, license: { name: "MIT", identifier: "MIT" } },
    servers: api.servers,
    ...(api.token === null ? {} : { security: [{ token: [] }, {}] }),
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths: named,
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1))),
      responses: sharedRefusals(api),
      ...(api.token === null
        ? {}
        : { securitySchemes: { token: { type: "http", scheme: "bearer", description: api.token } } }),
    },
  };
}

function operationOf(route: Route, api: Api): Json {
  return {
    operationId: route.name,
    summary: route.summary,
    tags: [route.tag],
    ...(route.tokenRequired ? { security: [{ token: [] }] } : {}),
    ...parametersOf(route),
    ...(route.rawBody === null ? {} : { requestBody: rawBodyOf(route.rawBody) }),
    ...(route.body === null
      ? {}
      : {
          requestBody: {
            required: !route.bodyOptional,
            content: { "application/json": { schema: schemaOf(route.body) } },
          },
        }),
    responses: {
      ...Object.fromEntries(route.answers.map((answer) => [answer.status, answerOf(answer)])),
      ...referredRefusals(route, api),
    },
  };
}

function rawBodyOf({ description, bytesMax }: RawBody): Json {
  return {
    description: bytesMax === null ? description : `${description}; at most ${bytesMax} bytes`,
    required: true,
    content: { "application/octet-stream": { schema: {} } },
  };
}

/** As GET, without any body: a refusal's code is not seen, only its status and headers. */
function headOf(route: Route, api: Api): Json {
  const withoutBody = (response: unknown): Json => {
    const { content: _, ...rest } = response as Json;
    return rest;
  };
  return {
    operationId: `${route.name}Head`,
    summary: `${route.summary}; no body`,
    tags: [route.tag],
    ...parametersOf(route),
    responses: Object.fromEntries([
      ...route.answers.map(({ status, description }) => [status, { description }]),
      ...Object.entries(refusals(route, api)).map(([status, response]) => [status, withoutBody(response)]),
    ]),
  };
}

function parametersOf(route: Route): { readonly parameters?: readonly Json[] } {
  const { host: _, ...headers } = route.headers; // Every client sends Host by itself.
  const parameters = [
    ...parametersIn("path", route.params),
    ...parametersIn("query", route.query ?? {}),
    ...parametersIn("header", headers),
  ];
  return parameters.length === 0 ? {} : { parameters };
}

function parametersIn(place: "path" | "query" | "header", shape: Shape): Json[] {
  return Object.entries(shape).map(([name, field]) => {
    const { description, ...schema } = field.schema;
    return {
      name,
      in: place,
      ...(field.required ? { required: true } : {}),
      ...(description === undefined ? {} : { description }),
      // A list in a query is written with commas.
      ...(schema["type"] === "array" ? { style: "form", explode: false } : {}),
      schema,
    };
  });
}

function answerOf(answer: Answer): Json {
  const headers = "body" in answer ? Object.entries(answer.headers ?? {}) : [];
  return {
    description: answer.description,
    ...(headers.length === 0
      ? {}
      : {
          headers: Object.fromEntries(
            headers.map(([name, description]) => [name, { description, schema: { type: "string" } }]),
          ),
        }),
    content: contentOf(answer),
  };
}

function contentOf(answer: Answer): Json {
  if ("body" in answer) return { "application/json": { schema: answer.body.schema } };
  const { contentType, item } = answer;
  return { [contentType]: { schema: { type: "string" }, ...(item === undefined ? {} : streamOf(item)) } };
}

/** Under this version an entry of a stream has no place of its own; from 3.2 on it is `itemSchema`, which this is. */
function streamOf(item: Field<unknown>): Json {
  return { "x-itemSchema": item.schema };
}

/**
 * Moves every schema with a title into `schemas` under that name and puts a reference in its place. What was said of it
 * in that place stays there.
 */
function nameSchemas(value: unknown, schemas: Record<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((entry) => nameSchemas(entry, schemas));
  if (typeof value !== "object" || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([name, part]) => [name, nameSchemas(part, schemas)]));
  const { title, description, ...schema } = copy;
  if (typeof title !== "string") return copy;
  const known = schemas[title];
  assert(known === undefined || isDeepStrictEqual(known, schema), `two schemas are called ${title}`);
  schemas[title] = schema;
  return { $ref: `#/components/schemas/${title}`, ...(description === undefined ? {} : { description }) };
}
