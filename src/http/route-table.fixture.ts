import assert from "node:assert/strict";
import type { Api } from "./api.ts";
import type { Route } from "./route.ts";
import { errorsOf } from "./route-errors.ts";
import type { Field, Shape } from "./shape.ts";

/** What holds for every line of a route table, so that a description can be generated from it. */
export function assertTable(routes: readonly Route[], api: Api): void {
  const names = routes.map(({ name }) => name);
  assert.deepEqual([...new Set(names)], names, "names are unique");
  const places = routes.map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual([...new Set(places)], places, "one route a method and path");
  for (const route of routes) {
    assert.match(route.name, /^[a-z]+([A-Z][a-z]+)*$/, route.name);
    assert.match(route.summary, /^[A-Z].*[^.]$/, route.name);
    assert.match(route.tag, /^[a-z]+$/, route.name);
    const written = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    assert.deepEqual(Object.keys(route.params), written, `${route.name}: the path's parameters`);
    for (const name of Object.keys(route.headers)) assert.equal(name, name.toLowerCase(), route.name);
    assert.ok(route.answers.length > 0, route.name);
    for (const answer of route.answers) {
      assert.ok(answer.status >= 200 && answer.status < 300 && answer.description !== "", route.name);
      if ("body" in answer) assertSchema(answer.body, route.name);
    }
    for (const shape of [route.params, route.query, route.headers, route.body]) assertSchemas(shape, route.name);
    const implied = errorsOf({ ...route, errors: [] }, api);
    assert.deepEqual(
      route.errors.filter((code) => implied.includes(code)),
      [],
      `${route.name} names codes that follow from its form`,
    );
  }
}

function assertSchemas(shape: Shape | null, what: string): void {
  for (const [name, field] of Object.entries(shape ?? {})) assertSchema(field, `${what}.${name}`);
}

/** JSON all the way down: what JSON.stringify would leave out or change is no schema. */
function assertSchema(field: Field<unknown>, what: string): void {
  assert.deepEqual(JSON.parse(JSON.stringify(field.schema)), field.schema, what);
}
