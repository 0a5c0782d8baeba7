import { mkdirSync, writeFileSync } from "node:fs";
import { apiDescriptions, asFile } from "./api-descriptions.ts";

/** Writes docs/openapi/*.json; a job of `npm run docs`. */
const folder = new URL("../../docs/openapi/", import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, description] of Object.entries(apiDescriptions()))
  writeFileSync(new URL(`${name}.json`, folder), asFile(description));
