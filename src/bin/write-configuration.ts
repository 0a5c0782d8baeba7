import { readFileSync, writeFileSync } from "node:fs";
import { withTables } from "./configuration-tables.ts";

/** Writes the tables of docs/configuration.md; a job of `npm run docs`. */
const page = new URL("../../docs/configuration.md", import.meta.url);
writeFileSync(page, withTables(readFileSync(page, "utf8")));
