import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { withTables } from "./configuration-tables.ts";

test("docs/configuration.md has every setting as the programs have it", () => {
  const page = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");
  assert.equal(page, withTables(page), "run: npm run docs");
});
