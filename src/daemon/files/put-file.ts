import { createHash, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { writeDurably } from "../../base/durable-file.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { openChaCha, sealChaCha, tagBytes } from "../sealing/chacha.ts";
import { cut } from "./cut.ts";
import { blobName, chunkNonce, type FileCipher, fileCipher, fileKey } from "./file-format.ts";
import type { PutFile } from "./put-file-record.ts";
import type { Spool } from "./spool.ts";

export interface FileToPut {
  readonly name: string;
  readonly contentType: string;
  readonly incoming: AsyncIterable<Uint8Array>;
  /** The largest file that the mesh takes. */
  readonly bytesMax: number;
}

export interface PutParts {
  readonly spool: Spool;
  readonly secret: KeyObject;
  readonly clock: Clock;
}

/**
 * Takes a file into the spool, sealed. Its key is known when all of it was read, so what comes is first sealed under a key that
 * is in memory alone: nothing that a crash leaves behind can be read. Throws body_too_large, files_full, store_unavailable,
 * protocol_error when the bytes broke off.
 */
export async function putFile(parts: PutParts, file: FileToPut): Promise<PutFile> {
  const { spool, clock, secret } = parts;
  const folder = await spool.draft().catch((thrown: unknown) => {
    throw ClaudemeshError.from(thrown, "store_unavailable");
  });
  let reserved = 0;
  const reserve = async (bytes: number): Promise<void> => {
    await spool.reserve(bytes);
    reserved += bytes;
  };
  try {
    const drafts = draftCipher();
    const { bytes, sha256, count } = await takeIn(folder, file, drafts, reserve);
    const cipher = fileCipher(fileKey(secret, sha256), bytes);
    const chunks: string[] = [];
    for (let place = 0; place < count; place += 1) chunks.push(await sealOne(folder, place, drafts, cipher));
    const index = cipher.sealIndex({ bytes, sha256, chunks });
    await reserve(index.length);
    await writeDurably(join(folder, "index"), index);
    const now = clock.now();
    return await spool.keep(folder, {
      schema_version: 1,
      file_id: blobName(index),
      name: file.name,
      content_type: file.contentType,
      bytes,
      sha256,
      sealed_bytes: reserved,
      put_at: now,
      used_at: now,
      uploaded_at: null,
    });
  } catch (thrown) {
    spool.release(reserved);
    await spool.dropDraft(folder);
    throw ClaudemeshError.from(thrown, "store_unavailable");
  }
}

/** As it comes, under a key of this moment. */
async function takeIn(
  folder: string,
  { incoming, bytesMax }: FileToPut,
  drafts: DraftCipher,
  reserve: (bytes: number) => Promise<void>,
): Promise<{ readonly bytes: number; readonly sha256: string; readonly count: number }> {
  const whole = createHash("sha256");
  let bytes = 0;
  let count = 0;
  for await (const chunk of cut(unbroken(incoming))) {
    bytes += chunk.length;
    if (bytes > bytesMax) {
      throw new ClaudemeshError("body_too_large", `this mesh takes files of at most ${bytesMax} bytes`, {
        hint: "send a smaller file, or say where it lies",
        details: { bytes_max: bytesMax },
      });
    }
    await reserve(chunk.length + tagBytes);
    whole.update(chunk);
    await writeFile(draftPath(folder, count), drafts.seal(count, chunk), { mode: 0o600 });
    count += 1;
  }
  return { bytes, sha256: whole.digest("hex"), count };
}

/** What the caller sends ends early where the connection does. */
async function* unbroken(incoming: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* incoming;
  } catch (cause) {
    throw new ClaudemeshError("protocol_error", "the file's bytes broke off before their end", { cause });
  }
}

interface DraftCipher {
  seal(place: number, chunk: Uint8Array): Buffer;
  open(place: number, sealed: Uint8Array): Buffer | null;
}

function draftCipher(): DraftCipher {
  const key = createSecretKey(randomBytes(32));
  const nothing = Buffer.alloc(0);
  return {
    seal: (place, chunk) => sealChaCha(key, chunkNonce(place), nothing, chunk, nothing),
    open: (place, sealed) => openChaCha(key, chunkNonce(place), nothing, sealed),
  };
}

function draftPath(folder: string, place: number): string {
  return join(folder, `draft-${place}`);
}

/** The chunk's name. Its draft goes in the same moment, so that a file takes its own room once. */
async function sealOne(folder: string, place: number, drafts: DraftCipher, cipher: FileCipher): Promise<string> {
  const draft = draftPath(folder, place);
  const chunk = drafts.open(place, await readFile(draft));
  if (chunk === null)
    throw new ClaudemeshError("store_unavailable", "the disk gave back other bytes than it was given");
  const sealed = cipher.sealChunk(place, chunk);
  await writeDurably(join(folder, String(place)), sealed);
  await unlink(draft);
  return blobName(sealed);
}
