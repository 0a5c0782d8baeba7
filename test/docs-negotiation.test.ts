import assert from "node:assert/strict";
import { test } from "node:test";
import { featureSchemas } from "../src/protocol/feature-schemas.ts";
import { docPages } from "./support/doc-page.ts";

test("the table of features has each of them, each version, and each parameter where it belongs", () => {
  const page = docPages().find(({ path }) => path === "docs/negotiation.md");
  const [, section = ""] = /\n## The features\n([\s\S]+?)\n## /.exec(page?.text ?? "") ?? [];
  const names = (cell: string) => [...cell.matchAll(/`([a-z_]+)`(?=[:, ]| and |$)/g)].map(([, name = ""]) => name);
  const told: Record<string, Record<string, string[][]>> = {};
  let feature = "";
  for (const [, first = "", version = "", required = "", optional = ""] of section.matchAll(
    /^\|(.*?)\| (\d+) \| (.*?) \| (.*?) \|$/gm,
  )) {
    feature = names(first)[0] ?? feature;
    told[feature] = { ...told[feature], [version]: [names(required), names(optional)] };
  }
  for (const [name, versions] of Object.entries(featureSchemas)) {
    assert.deepEqual(Object.keys(told[name] ?? {}), Object.keys(versions), name);
    for (const [version, schema] of Object.entries(versions)) {
      const [required = [], optional = []] = told[name]?.[version] ?? [];
      for (const parameter of Object.keys(schema.required)) assert.ok(required.includes(parameter), parameter);
      const asAbove = optional.length === 0 ? (told[name]?.[String(Number(version) - 1)]?.[1] ?? []) : optional;
      for (const parameter of Object.keys(schema.optional)) assert.ok(asAbove.includes(parameter), parameter);
    }
  }
  assert.deepEqual(Object.keys(told), Object.keys(featureSchemas));
});
