import { readFileSync, writeFileSync } from "node:fs";
import { withTools } from "./mcp-tool-tables.ts";

/** Writes the tools into docs/mcp.md; a job of `npm run docs`. */
const page = new URL("../../docs/mcp.md", import.meta.url);
writeFileSync(page, withTools(readFileSync(page, "utf8")));
