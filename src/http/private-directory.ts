import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { ClaudemeshError } from "../protocol/error.ts";

/** Makes `path` a directory of this user's alone (0700). The unix socket's trust rests on it, so a wider mode is tightened. */
export function makePrivateDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (process.platform === "win32") return;
  const found = lstatSync(path);
  if (!found.isDirectory() || found.uid !== process.getuid?.()) {
    throw new ClaudemeshError("invalid_config", `${path} is not a directory of this user`, { details: { path } });
  }
  if ((found.mode & 0o077) !== 0) chmodSync(path, 0o700);
}
