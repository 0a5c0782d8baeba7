import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Replaces a file so that a crash at any point leaves the old or the new content: temporary file, fsync, rename,
 * fsync of the folder. `mode` is set at creation, so the content is never readable more widely.
 */
export function writeFileAtomic(path: string, data: string | Uint8Array, mode = 0o600): void {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const bytes = typeof data === "string" ? Buffer.from(data, "utf8") : data;
  const file = openSync(temporary, "wx", mode);
  try {
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

/**
 * Makes a file that nobody else has made: of several that try at once one succeeds, and all have the same content to read
 * afterwards. False when it was there. As safe over a crash as {@link writeFileAtomic}.
 */
export function createFileOnce(path: string, data: string, mode = 0o600): boolean {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  writeFileAtomic(temporary, data, mode);
  try {
    linkSync(temporary, path);
    syncFolder(dirname(path));
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Content of a file, or null when there is none. */
export function readFileIfPresent(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

/** Names that were given or taken in a folder are on disk when it returns. */
export function syncFolder(path: string): void {
  // Windows cannot open folders; its rename is journaled by the file system.
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
