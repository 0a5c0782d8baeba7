import { statSync } from "node:fs";
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
