import { createHash } from "node:crypto";
import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { flushFolder } from "../../base/durable-file.ts";
import { headerBytes, readHeader, unreadable } from "./backup-header.ts";
import { type FolderFiles, type Manifest, type ManifestFile, manifestBytesMax, readManifest } from "./manifest.ts";
import { deriveKey, openStream } from "./sealed-stream.ts";

/**
 * Opens a backup and writes its files into `folder`, which is empty: as they were put in, each for this user alone and on disk when
 * it resolves. Until then nothing of them may be used: only the last chunk proves that all is there. Throws backup_unreadable,
 * schema_newer.
 */
export async function readBackup(
  source: AsyncIterable<Uint8Array>,
  passphrase: string,
  folder: string,
  folders: FolderFiles,
): Promise<Manifest> {
  const sealed = createTaker(source);
  const header = readHeader(await sealed.take(headerBytes));
  const key = await deriveKey(passphrase, header);
  const content = createTaker(openStream(key, header, sealed.rest()));
  const manifestBytes = (await content.take(4)).readUInt32BE();
  if (manifestBytes > manifestBytesMax) throw unreadable();
  const manifest = readManifest(await content.take(manifestBytes), folders);
  for (const file of manifest.files) await writeFile(folder, file, content.parts(file.bytes));
  for await (const more of content.rest()) if (more.length > 0) throw unreadable();
  await flushFolder(folder);
  return manifest;
}

async function writeFile(
  folder: string,
  { name, sha256 }: ManifestFile,
  parts: AsyncIterable<Uint8Array>,
): Promise<void> {
  const hash = createHash("sha256");
  const path = join(folder, name);
  const isProgram = name.includes("/");
  if (isProgram) await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, "wx", isProgram ? 0o700 : 0o600);
  try {
    for await (const part of parts) {
      hash.update(part);
      await file.writeFile(part);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  if (isProgram) await flushFolder(dirname(path));
  if (hash.digest("hex") !== sha256) throw unreadable();
}

/** Bytes that come in pieces of any size, taken as they are needed. */
interface Taker {
  /** Exactly so many. Throws backup_unreadable where fewer are left. */
  take(count: number): Promise<Buffer>;
  /** The same in parts, without holding all of them. */
  parts(count: number): AsyncGenerator<Uint8Array>;
  /** All that was not taken. */
  rest(): AsyncGenerator<Uint8Array>;
}

function createTaker(source: AsyncIterable<Uint8Array>): Taker {
  const iterator = source[Symbol.asyncIterator]();
  let held: Uint8Array = new Uint8Array();
  /** False at the end. */
  const fill = async (): Promise<boolean> => {
    while (held.length === 0) {
      const next = await iterator.next();
      if (next.done === true) return false;
      held = next.value;
    }
    return true;
  };
  const taker: Taker = {
    async take(count) {
      const parts: Uint8Array[] = [];
      for await (const part of taker.parts(count)) parts.push(part);
      return Buffer.concat(parts);
    },
    async *parts(count) {
      for (let left = count; left > 0; ) {
        if (!(await fill())) throw unreadable();
        const part = held.subarray(0, left);
        held = held.subarray(part.length);
        left -= part.length;
        yield part;
      }
    },
    async *rest() {
      while (await fill()) {
        const part = held;
        held = new Uint8Array();
        yield part;
      }
    },
  };
  return taker;
}
