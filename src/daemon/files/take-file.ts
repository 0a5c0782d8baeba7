import { createHash } from "node:crypto";
import type { Attachment } from "../../protocol/attachment.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { BlobClient } from "./blob-client.ts";
import { blobName, chunkBytes, type FileCipher, type FileIndex, fileCipher } from "./file-format.ts";
import { fileLimits } from "./file-limits.ts";
import type { Place, Spool } from "./spool.ts";

export interface TakeParts {
  readonly spool: Spool;
  readonly client: BlobClient;
}

/**
 * The bytes of a message's file from `from` on, a chunk at a time, three blobs ahead of the reader. Each blob is checked by its
 * name and opened at its own place before a byte of it is given out; at the end the hash of the whole is. What came is kept until
 * all was given out, so that a take that broke off goes on where it was. Rejects before the first byte with file_gone, file_damaged,
 * or what the broker refuses with; the stream fails with the same.
 */
export async function takeFile(
  parts: TakeParts,
  attachment: Attachment,
  from: number,
  signal: AbortSignal,
): Promise<{ readonly length: number; readonly chunks: AsyncGenerator<Buffer, void, undefined> }> {
  const { bytes, file_id } = attachment;
  const cipher = fileCipher(Buffer.from(attachment.key, "base64url"), bytes);
  const index = cipher.openIndex(await blobOf(parts, file_id, file_id, "index", signal));
  if (index === null) throw damaged("its index is not that of this file");
  const wanted = chunksFrom(parts, attachment, index, cipher, from, signal);
  // The first chunk is had before anything is said, so that what is wrong can still be told.
  const first = await wanted.next();
  return { length: bytes - from, chunks: joined(first, wanted) };
}

async function* joined(
  first: IteratorResult<Buffer, void>,
  rest: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    if (!first.done) yield first.value;
    yield* rest;
  } finally {
    await rest.return();
  }
}

async function* chunksFrom(
  parts: TakeParts,
  { file_id }: Attachment,
  index: FileIndex,
  cipher: FileCipher,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const begin = Math.floor(from / chunkBytes);
  const whole = begin === 0 ? createHash("sha256") : null;
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  const ahead: Promise<Buffer>[] = [];
  let next = begin;
  try {
    for (let place = begin; place < index.chunks.length; place += 1) {
      for (; next < index.chunks.length && next < place + fileLimits.blobsAtOnceMax; next += 1) {
        const coming = blobOf(parts, file_id, index.chunks[next] ?? "", next, either);
        // Looked at in its turn: until then its failure is nobody's.
        coming.catch(() => undefined);
        ahead.push(coming);
      }
      const sealed = await (ahead.shift() as Promise<Buffer>);
      const chunk = cipher.openChunk(place, sealed);
      if (chunk === null) throw damaged("one of its pieces is not the one of that place");
      whole?.update(chunk);
      if (place + 1 === index.chunks.length && whole !== null && whole.digest("hex") !== index.sha256)
        throw damaged("its sender gave another hash than that of its bytes");
      yield place === begin ? chunk.subarray(from - begin * chunkBytes) : chunk;
    }
    await parts.spool.dropGot(file_id);
  } finally {
    ended.abort();
  }
}

/** A sealed blob of the file: of this host's own, of an earlier try, or of the broker. */
async function blobOf(
  { spool, client }: TakeParts,
  fileId: string,
  blobId: string,
  place: Place,
  signal: AbortSignal,
): Promise<Buffer> {
  // What this host's disk does not give or take, the broker has: it only costs the way once more.
  const nothing = (): null => null;
  for (const kept of [
    await spool.putBlob(fileId, place).catch(nothing),
    await spool.gotBlob(fileId, place).catch(nothing),
  ])
    if (kept !== null && blobName(kept) === blobId) return kept;
  const sealed = await client.get(blobId, signal);
  if (sealed === null) {
    throw new ClaudemeshError("file_gone", "the file is no more at the broker", {
      hint: "files go a day after the messages that carry them; ask its sender to send it again",
    });
  }
  if (blobName(sealed) !== blobId) throw damaged("the broker gave other bytes than were asked for");
  await spool.keepGot(fileId, place, sealed).catch(nothing);
  return sealed;
}

function damaged(how: string): ClaudemeshError {
  return new ClaudemeshError("file_damaged", `the file cannot be taken: ${how}`, {
    hint: "nothing of it was kept; tell who runs the broker, and ask the sender to send it again",
  });
}
