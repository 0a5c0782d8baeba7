import { fullJitter } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { BlobClient } from "./blob-client.ts";
import { chunkBytes, type FileCipher } from "./file-format.ts";
import { fileLimits } from "./file-limits.ts";
import { eachOf } from "./pool.ts";
import type { Place, Spool } from "./spool.ts";

export interface UploadParts {
  readonly spool: Spool;
  readonly client: BlobClient;
  readonly clock: Clock;
  readonly random: () => number;
}

/**
 * Brings all blobs of a put file to the broker, those that are there already excepted: after a crash it goes on where it was. The
 * index is last, so that whoever finds it finds the rest. Retries what may succeed later until the signal says otherwise; rejects
 * with the signal's reason, file_damaged when the spool lost it, or a refusal that is for good.
 */
export async function uploadFile(
  parts: UploadParts,
  file: { readonly fileId: string; readonly bytes: number; readonly cipher: FileCipher },
  signal: AbortSignal,
  hear: { readonly sent: (bytes: number) => void; readonly troubled: (error: ClaudemeshError) => void },
): Promise<void> {
  const { spool, client } = parts;
  const { fileId, bytes, cipher } = file;
  const sealedIndex = await spool.putBlob(fileId, "index");
  const index = sealedIndex === null ? null : cipher.openIndex(sealedIndex);
  if (index === null) throw spoolDamaged();
  const bring = (blobId: string, place: Place): Promise<void> =>
    persist(parts, signal, hear.troubled, async () => {
      if (!(await client.has(blobId, signal))) {
        const sealed = await spool.putBlob(fileId, place);
        if (sealed === null) throw spoolDamaged();
        await client.put(blobId, sealed, signal);
      }
      if (place !== "index") hear.sent(Math.min(chunkBytes, bytes - place * chunkBytes));
    });
  await eachOf(index.chunks, fileLimits.blobsAtOnceMax, bring);
  await bring(fileId, "index");
}

/** Again and again, with pauses, while it may succeed later. */
async function persist(
  { clock, random }: UploadParts,
  signal: AbortSignal,
  troubled: (error: ClaudemeshError) => void,
  work: () => Promise<void>,
): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (thrown) {
      signal.throwIfAborted();
      const error = ClaudemeshError.from(thrown);
      if (!error.retryable) throw error;
      troubled(error);
      const told = Number(error.details["retry_after_ms"] ?? 0);
      await pause(clock, Math.max(told || 0, fullJitter(attempt, undefined, random)), signal);
    }
  }
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    });
    const onAbort = (): void => {
      timer.cancel();
      reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

function spoolDamaged(): ClaudemeshError {
  return new ClaudemeshError("file_damaged", "a file that was to be sent is no more whole on this host's disk", {
    hint: "send it again: claudemesh send --attach FILE",
  });
}
