import { realpathSync, statSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { isBelow } from "./seen-folders.ts";

/**
 * What no hook sees: the whole home with all its meshes, the home that there is by default, and the folders that sockets of
 * daemons stand in where a home's own path is too long. `dir` is a daemon's folder.
 */
export function hiddenFolders(dir: string, env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const home = basename(dirname(dir)) === "daemon" ? dirname(dirname(dir)) : dir;
  const uid = process.getuid?.() ?? 0;
  const sockets = [env["XDG_RUNTIME_DIR"], tmpdir(), "/tmp"].map((base) =>
    base === undefined || base === "" ? null : join(base, `claudemesh-${uid}`),
  );
  return withoutNested([home, join(homedir(), ".claudemesh"), ...sockets].map(real).filter((path) => path !== null));
}

/** A folder without links in its path, since that is what it is mounted at; null: it is not there. */
function real(path: string | null): string | null {
  if (path === null) return null;
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

function withoutNested(paths: readonly string[]): readonly string[] {
  const unique = [...new Set(paths)];
  return unique.filter((path) => !unique.some((other) => other !== path && isBelow(path, other)));
}

/** Whether every folder above it lets other users pass. Where one does not, it is hidden from them as it is, and nothing can be put over it. */
export function isReachedByOthers(path: string): boolean {
  const above = dirname(path);
  if (above === path) return true;
  return (statSync(above).mode & 0o001) !== 0 && isReachedByOthers(above);
}
