import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClaudemeshError } from "../protocol/error.ts";
import { makePrivateDirectory } from "./private-directory.ts";

/** A unix socket's path fits in 104 bytes on macOS and 108 on Linux, terminator included. */
export const socketPathBytesMax = 100;

/**
 * Where the socket of the process in `dir` stands: `<dir>/<name>`, or a short name in a 0700 folder of this user when that
 * is over 100 bytes. The short name depends on `dir` alone, so a restart finds its own stale socket.
 */
export function socketPathFor(dir: string, name: string, env: Readonly<Record<string, string | undefined>>): string {
  const direct = join(dir, name);
  if (Buffer.byteLength(direct) <= socketPathBytesMax) return direct;
  const short = `${createHash("sha256").update(dir).digest("hex").slice(0, 16)}.sock`;
  for (const base of [env["XDG_RUNTIME_DIR"], tmpdir(), "/tmp"]) {
    if (base === undefined || base === "") continue;
    const folder = join(base, `claudemesh-${process.getuid?.() ?? 0}`);
    const path = join(folder, short);
    if (Buffer.byteLength(path) > socketPathBytesMax) continue;
    makePrivateDirectory(folder);
    return path;
  }
  throw new ClaudemeshError("invalid_config", `no folder is short enough for the socket of ${dir}`, {
    hint: "set CLAUDEMESH_HOME or TMPDIR to a shorter path",
  });
}
