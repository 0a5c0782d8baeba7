import { existsSync, lstatSync, chmodSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { ClaudemeshError } from "../protocol/error.ts";

/** Makes `path` a directory of this user's alone (0700). The unix socket's trust rests on it, so a wider mode is tightened. */
export function makePrivateDirectory(path: string): void {
  try {
    makeDirectories(path);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ClaudemeshError("invalid_config", `no folder can be made at ${path}: ${reason}`, {
      hint: "name another folder, for example CLAUDEMESH_HOME=DIR, or make room for this one",
      details: { path },
      cause: thrown,
    });
  }
  if (process.platform === "win32") return;
  const found = lstatSync(path);
  if (!found.isDirectory() || found.uid !== process.getuid?.()) {
    throw new ClaudemeshError("invalid_config", `${path} is not a directory of this user`, { details: { path } });
  }
  if ((found.mode & 0o077) !== 0) chmodSync(path, 0o700);
}

/** One by one: Node's recursive way goes round for ever, deaf to signals, below a folder that takes none, as /proc. */
function makeDirectories(path: string): void {
  if (existsSync(path)) return;
  makeDirectories(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (thrown) {
    // Another process may have made it meanwhile.
    if (!existsSync(path)) throw thrown;
  }
}
