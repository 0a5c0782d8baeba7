import { randomBytes } from "node:crypto";
import { type BackupHeader, keyCost, noncePrefixBytes, saltBytes, writeHeader } from "./backup-header.ts";
import type { Manifest, ManifestFile } from "./manifest.ts";
import { deriveKey, sealStream } from "./sealed-stream.ts";

/** All that a backup says of itself but its files. */
export type About = WithoutFiles<Manifest>;
type WithoutFiles<T> = T extends Manifest ? Omit<T, "files"> : never;

/** A file for a backup. What `read` gives has the bytes and the hash that are said. */
export interface BackupFile extends ManifestFile {
  read(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/**
 * The bytes of a backup: its header, then, sealed, the manifest after its length (4 bytes), and the files. `cost`: tests take
 * less.
 */
export async function* writeBackup(
  about: About,
  files: readonly BackupFile[],
  passphrase: string,
  cost: Pick<BackupHeader, "memoryKiB" | "passes" | "parallelism"> = keyCost,
): AsyncGenerator<Buffer> {
  const header = { ...cost, salt: randomBytes(saltBytes), noncePrefix: randomBytes(noncePrefixBytes) };
  const key = await deriveKey(passphrase, header);
  yield writeHeader(header);
  yield* sealStream(key, header, contentOf(about, files));
}

async function* contentOf(about: About, files: readonly BackupFile[]): AsyncGenerator<Uint8Array> {
  const listed = files.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 }));
  const manifest = Buffer.from(JSON.stringify({ ...about, files: listed }), "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(manifest.length);
  yield length;
  yield manifest;
  for (const file of files) yield* file.read();
}
