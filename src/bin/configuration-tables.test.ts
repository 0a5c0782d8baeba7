import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { withHookTable, withTables } from "./configuration-tables.ts";

test("docs/configuration.md has every setting as the programs have it", () => {
  const page = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");
  assert.equal(page, withTables(page), "run: npm run docs");
});

test("docs/hooks.md has every setting of a hook as hooks.toml takes it", () => {
  const page = readFileSync(new URL("../../docs/hooks.md", import.meta.url), "utf8");
  assert.equal(page, withHookTable(page), "run: npm run docs");
});
