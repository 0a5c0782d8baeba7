import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { socketPathBytesMax } from "../../../http/socket-path.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";

/** What follows the folder in the path of a run's socket. */
const socketBytes = "/1234567890/sock".length;

/**
 * A folder outside of the home, since that is hidden from hooks, with a short path, since sockets stand in it. `entered`: runs
 * below it belong to another user, who finds them by their whole path alone.
 */
export function makeRunsFolder(
  dir: string,
  env: Readonly<Record<string, string | undefined>>,
  entered: boolean,
): string {
  for (const base of entered ? ["/tmp"] : bases(env)) {
    const prefix = join(base, prefixOf(dir));
    if (Buffer.byteLength(prefix) + "XXXXXX".length + socketBytes > socketPathBytesMax) continue;
    try {
      const folder = mkdtempSync(prefix);
      if (entered) chmodSync(folder, 0o711);
      return folder;
    } catch {
      // The next one may take it.
    }
  }
  throw new ClaudemeshError("invalid_config", "no folder can be made for the sockets of hooks", {
    hint: "set TMPDIR to a short path of a folder that can be written to",
  });
}

/** What a daemon on `dir` that was killed left behind. What cannot be removed is in nobody's way. */
export function removeRunsFolders(dir: string, env: Readonly<Record<string, string | undefined>>): void {
  for (const base of bases(env)) {
    for (const name of namesIn(base).filter((candidate) => candidate.startsWith(prefixOf(dir)))) {
      try {
        removeOwnFolder(join(base, name));
      } catch {
        // The next first run tries it again.
      }
    }
  }
}

function removeOwnFolder(path: string): void {
  const found = lstatSync(path);
  if (found.isDirectory() && found.uid === process.getuid?.()) rmSync(path, { recursive: true, force: true });
}

function bases(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const written = [env["XDG_RUNTIME_DIR"], tmpdir(), "/tmp"].filter((base) => base !== undefined && base !== "");
  return [...new Set(written as string[])];
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Of one daemon on one folder. */
function prefixOf(dir: string): string {
  return `cm-hooks-${createHash("sha256").update(dir).digest("hex").slice(0, 12)}-`;
}
