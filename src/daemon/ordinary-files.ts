import { statSync } from "node:fs";
import { join } from "node:path";
import { ClaudemeshError } from "../protocol/error.ts";
import { daemonFiles } from "./daemon-files.ts";

/**
 * Refuses a folder where something else stands in the place of a file: a pipe would be read for ever with the loop blocked, a device
 * without an end, and a folder would be an error that another start seems to help against. Call it before any of them is read.
 */
export function requireOrdinaryFiles(dir: string): void {
  for (const { name, kind } of daemonFiles) {
    if (kind !== "file" && kind !== "database") continue;
    const path = join(dir, name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined || found.isFile()) continue;
    throw new ClaudemeshError("invalid_config", `${path} is no ordinary file`, {
      hint: "move it away, and put the file back from a backup",
      details: { path },
    });
  }
}
