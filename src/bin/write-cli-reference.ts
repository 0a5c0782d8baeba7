import { writeFileSync } from "node:fs";
import { cliReference } from "../cli/reference.ts";

/** Writes docs/cli.md; a job of `npm run docs`. */
writeFileSync(new URL("../../docs/cli.md", import.meta.url), await cliReference());
