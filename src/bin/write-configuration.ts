import { readFileSync, writeFileSync } from "node:fs";
import { withHookTable, withTables } from "./configuration-tables.ts";

/** Writes the tables of docs/configuration.md and docs/hooks.md; a job of `npm run docs`. */
for (const [name, withTable] of [
  ["configuration.md", withTables],
  ["hooks.md", withHookTable],
] as const) {
  const page = new URL(`../../docs/${name}`, import.meta.url);
  writeFileSync(page, withTable(readFileSync(page, "utf8")));
}
