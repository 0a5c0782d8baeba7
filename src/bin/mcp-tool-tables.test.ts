import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { withTools } from "./mcp-tool-tables.ts";

test("docs/mcp.md has every tool as the server has it", () => {
  const page = readFileSync(new URL("../../docs/mcp.md", import.meta.url), "utf8");
  assert.equal(page, withTools(page), "run: npm run docs");
});
