import { type FileHandle, open } from "node:fs/promises";

/** A new file (0600) with these bytes, on disk when it resolves. Its name is durable once its folder was flushed. */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Names that were given or taken in a folder are on disk when it resolves. */
export async function flushFolder(path: string): Promise<void> {
  // Windows cannot open folders; its rename is journaled by the file system.
  if (process.platform === "win32") return;
  let folder: FileHandle | null = null;
  try {
    folder = await open(path, "r");
    await folder.sync();
  } finally {
    await folder?.close();
  }
}

/** null: there is no such file. */
export async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return null;
    throw thrown;
  }
}
