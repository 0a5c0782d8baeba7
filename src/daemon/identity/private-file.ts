import { chmodSync, lstatSync, mkdirSync, statSync } from "node:fs";
import { ClaudemeshError } from "../../protocol/error.ts";

/** Refuses a secret that others on this host may read. Windows has no such modes; its directory's ACL decides there. */
export function requirePrivate(path: string): void {
  if (process.platform === "win32") return;
  const { mode } = statSync(path);
  if ((mode & 0o077) === 0) return;
  throw new ClaudemeshError("invalid_config", `${path} can be read by others (mode ${(mode & 0o777).toString(8)})`, {
    hint: `chmod 600 ${path}`,
    details: { path },
  });
}

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
