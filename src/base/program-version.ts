import { readFileSync } from "node:fs";

/** Version of this program, from package.json, which lies two folders up from the sources and from what is built. */
export function readProgramVersion(): string {
  const description: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return typeof description === "object" && description !== null && "version" in description
    ? String(description.version)
    : "unknown";
}
