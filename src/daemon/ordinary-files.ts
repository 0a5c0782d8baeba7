import { statSync } from "node:fs";
import { join } from "node:path";
import { ClaudemeshError } from "../protocol/error.ts";
import { daemonFiles } from "./daemon-files.ts";

/**
 * Refuses a folder where something else stands in the place of a file: a pipe would be read for ever with the loop blocked, a device
 * without an end, and a folder would be an error that another start seems to help against. Call it before any of them is read.
 */
export function requireOrdinaryFiles(dir: string): void {
  for (const name of fileNames()) requireOrdinaryFile(join(dir, name));
}

/** Throws invalid_config where something else than a file stands at the path; nothing there is fine. */
export function requireOrdinaryFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.isFile()) return;
  throw new ClaudemeshError("invalid_config", `${path} is no ordinary file`, {
    hint: "move it away, and put the file back from a backup",
    details: { path },
  });
}

/** False where a reader of one of them would wait for ever, or read without an end. */
export function canBeRead(dir: string): boolean {
  return fileNames().every((name) => {
    const found = statSync(join(dir, name), { throwIfNoEntry: false });
    return found === undefined || found.isFile() || found.isDirectory();
  });
}

function fileNames(): string[] {
  return daemonFiles.filter(({ kind }) => kind === "file" || kind === "database").map(({ name }) => name);
}
