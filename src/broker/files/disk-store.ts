import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { flushFolder, orNull, writeDurably } from "../../base/durable-file.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isUuidV7 } from "../../protocol/ids.ts";
import type { BlobStore } from "./blob-store.ts";

/** Beside the meshes' folders, on their file system. */
const temporary = "tmp";

/**
 * Blobs as files: `<mesh>/<first two characters>/<next two>/<id>` below one folder, so that none gets too many entries. A blob
 * is written beside them, flushed, moved to its name, and the folder flushed: a crash leaves a temporary file at most.
 */
export function createDiskStore(folder: string): BlobStore {
  const pathOf = (meshId: string, blobId: string): string =>
    join(folder, meshId, blobId.slice(0, 2), blobId.slice(2, 4), blobId);

  return {
    start: () => told(() => makeFolder(join(folder, temporary))),
    async stop() {},
    put: (meshId, blobId, bytes) =>
      told(async () => {
        const [path, draft] = [pathOf(meshId, blobId), join(folder, temporary, randomUUID())];
        try {
          await writeDurably(draft, bytes);
          await makeFolder(dirname(path));
          await rename(draft, path);
        } catch (thrown) {
          await unlink(draft).catch(() => undefined);
          throw thrown;
        }
        await flushFolder(dirname(path));
      }),
    get: (meshId, blobId) => told(() => orNull(readFile(pathOf(meshId, blobId)))),
    size: (meshId, blobId) => told(async () => (await orNull(stat(pathOf(meshId, blobId))))?.size ?? null),
    remove: (meshId, blobIds) =>
      told(async () => {
        for (const blobId of blobIds) await orNull(unlink(pathOf(meshId, blobId)));
        // A removal that a power cut undoes leaves bytes without a row: every folder is flushed before the rows go.
        for (const touched of new Set(blobIds.map((blobId) => dirname(pathOf(meshId, blobId)))))
          await orNull(flushFolder(touched));
      }),
    meshes: () => told(async () => (await readdir(folder)).filter(isUuidV7)),
    removeMesh: (meshId) => told(() => rm(join(folder, meshId), { recursive: true, force: true })),
    sweep: (before, dryRun) =>
      told(async () => {
        let found = 0;
        for (const name of await readdir(join(folder, temporary))) {
          const path = join(folder, temporary, name);
          const at = (await orNull(stat(path)))?.mtimeMs ?? before;
          if (at >= before) continue;
          found += 1;
          if (!dryRun) await orNull(unlink(path));
        }
        return found;
      }),
  };
}

/** Made durable up to the first that was there. */
async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; ; made = dirname(made)) {
    await flushFolder(dirname(made));
    if (made === first || made === dirname(made)) return;
  }
}

/** Whatever the system said names a path of the broker's own: callers are told of the store alone, the log of the cause. */
async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = ClaudemeshError.from(thrown, "store_unavailable");
    throw new ClaudemeshError("store_unavailable", `the folder of files failed: ${error.message}`, {
      hint: error.hint ?? "claudemesh doctor",
      cause: thrown,
    });
  }
}
