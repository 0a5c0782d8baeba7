import { writeFileSync } from "node:fs";
import { sdkTypeFiles } from "./sdk-types/files.ts";

/** Writes the types of the SDKs that are made from the API's description; a job of `npm run docs`. */
const root = new URL("../../", import.meta.url);
for (const [path, text] of Object.entries(sdkTypeFiles())) writeFileSync(new URL(path, root), text);
