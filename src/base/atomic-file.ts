import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { type FileLayer, systemFiles } from "./file-layer.ts";

/**
 * Replaces a file so that a crash at any point leaves the old or the new content: temporary file, fsync, rename,
 * fsync of the folder. `mode` is set at creation, so the content is never readable more widely.
 */
export function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  mode = 0o600,
  files: FileLayer = systemFiles,
): void {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    writeNew(temporary, data, mode, files);
    files.rename(temporary, path);
  } catch (error) {
    files.remove(temporary);
    throw error;
  }
  syncFolder(dirname(path), files);
}

/** A new file with these bytes, on disk when it returns. Throws EEXIST for one that is there. */
export function writeNewFile(path: string, data: string | Uint8Array, files: FileLayer = systemFiles): void {
  writeNew(path, data, 0o600, files);
  syncFolder(dirname(path), files);
}

export function removeFile(path: string, files: FileLayer = systemFiles): void {
  files.remove(path);
  syncFolder(dirname(path), files);
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

function writeNew(path: string, data: string | Uint8Array, mode: number, files: FileLayer): void {
  const bytes = typeof data === "string" ? Buffer.from(data, "utf8") : data;
  const file = files.open(path, "wx", mode);
  try {
    for (let written = 0; written < bytes.length; ) written += files.write(file, bytes.subarray(written), written);
    files.sync(file);
  } finally {
    files.close(file);
  }
}

/** Names that were given or taken in a folder are on disk when it returns. */
export function syncFolder(path: string, files: FileLayer = systemFiles): void {
  // Windows cannot open folders; its rename is journaled by the file system.
  if (process.platform === "win32") return;
  const folder = files.open(path, "r");
  try {
    files.sync(folder);
  } finally {
    files.close(folder);
  }
}
