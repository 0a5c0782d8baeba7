import type { KeyObject } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { Service } from "../../base/service.ts";
import type { Attachment } from "../../protocol/attachment.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { BlobClient } from "./blob-client.ts";
import { fileCipher, fileKey } from "./file-format.ts";
import { fileLimits } from "./file-limits.ts";
import { type FileToPut, putFile } from "./put-file.ts";
import type { PutFile } from "./put-file-record.ts";
import { createSpool } from "./spool.ts";
import { takeFile } from "./take-file.ts";
import { uploadFile } from "./upload.ts";

/** The files of a daemon: those that were handed over to be sent, and those that messages bring. */
export interface Files extends Service {
  /** Durable here when it resolves; it is brought to the broker when a message carries it. */
  put(file: FileToPut): Promise<PutFile>;
  /** What a message says of a file that was put here, with its key. Throws file_gone. */
  attachment(fileId: string, called?: { readonly name?: string; readonly contentType?: string }): Attachment;
  /** Whether the broker has all of these, confirmed not long ago. */
  ready(fileIds: readonly string[]): boolean;
  /**
   * Brings to the broker what it lacks of them. Retries until the signal ends it; rejects with its reason, or with a refusal that
   * is for good. Several calls for one file share one way, which ends when none of them wants it any more.
   */
  ensureUploaded(
    fileIds: readonly string[],
    signal: AbortSignal,
    /** Told what a try failed of that is made again. */
    troubled?: (error: ClaudemeshError) => void,
  ): Promise<void>;
  /** How many bytes of a put file the broker has, as far as was found out since the start. */
  sent(fileId: string): number;
  /** The bytes of a message's file from `from` on. See {@link takeFile}. */
  take(attachment: Attachment, from: number, signal: AbortSignal): ReturnType<typeof takeFile>;
  bytes(): number;
  prune(): Promise<number>;
}

export interface FilesOptions {
  readonly folder: string;
  /** Read at each use: it may change. */
  readonly bytesMax: number;
  /** The member's sealing secret, 32 bytes. */
  readonly secret: KeyObject;
  readonly client: BlobClient;
  readonly clock: Clock;
  readonly random?: () => number;
  /** Files that messages carry which are not yet sent. */
  readonly inUse: () => ReadonlySet<string>;
}

interface Way {
  readonly done: Promise<void>;
  readonly stop: AbortController;
  wanted: number;
  sent: number;
  readonly troubled: Set<(error: ClaudemeshError) => void>;
}

export function createFiles(options: FilesOptions): Files {
  const { clock, client, secret, random = Math.random } = options;
  const spool = createSpool(options);
  const ways = new Map<string, Way>();
  const stopped = new AbortController();

  function require(fileId: string): PutFile {
    const file = spool.file(fileId);
    if (file !== null) return file;
    throw new ClaudemeshError("file_gone", "no such file was handed over here, or it is no more kept", {
      hint: "hand it over again: claudemesh send --attach FILE",
    });
  }

  const isConfirmed = (fileId: string): boolean => {
    const at = spool.file(fileId)?.uploaded_at ?? null;
    return at !== null && at > clock.now() - fileLimits.confirmedMs;
  };

  async function bring(fileId: string, way: Pick<Way, "sent" | "troubled">, signal: AbortSignal): Promise<void> {
    const { sha256, bytes } = require(fileId);
    const cipher = fileCipher(fileKey(secret, sha256), bytes);
    const began = clock.now();
    await uploadFile({ spool, client, clock, random }, { fileId, bytes, cipher }, signal, {
      sent: (sent) => {
        way.sent += sent;
      },
      troubled: (error) => {
        for (const listener of way.troubled) listener(error);
      },
    });
    // From when the first blob was looked at: it is the one that goes first.
    await spool.note({ ...require(fileId), uploaded_at: began, used_at: clock.now() });
  }

  function start(fileId: string): Way {
    const stop = new AbortController();
    const progress = { sent: 0, troubled: new Set<(error: ClaudemeshError) => void>() };
    const done = bring(fileId, progress, AbortSignal.any([stop.signal, stopped.signal])).finally(() =>
      ways.delete(fileId),
    );
    done.catch(() => undefined);
    const way: Way = {
      done,
      stop,
      wanted: 0,
      troubled: progress.troubled,
      get sent() {
        return progress.sent;
      },
    };
    ways.set(fileId, way);
    return way;
  }

  async function ensureOne(
    fileId: string,
    signal: AbortSignal,
    troubled: (error: ClaudemeshError) => void,
  ): Promise<void> {
    if (isConfirmed(fileId)) return;
    signal.throwIfAborted();
    const way = ways.get(fileId) ?? start(fileId);
    way.wanted += 1;
    way.troubled.add(troubled);
    const gone = Promise.withResolvers<never>();
    const onAbort = (): void => gone.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await Promise.race([way.done, gone.promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
      way.troubled.delete(troubled);
      way.wanted -= 1;
      if (way.wanted === 0) way.stop.abort();
    }
  }

  return {
    start: () => spool.start(),
    async stop() {
      stopped.abort(new ClaudemeshError("stopping", "the daemon is stopping"));
      await Promise.allSettled([...ways.values()].map(({ done }) => done));
      client.close();
    },
    put: (file) => putFile({ spool, secret, clock }, file),
    attachment(fileId, called = {}) {
      const file = require(fileId);
      return {
        name: called.name ?? file.name,
        bytes: file.bytes,
        content_type: called.contentType ?? file.content_type,
        file_id: fileId,
        key: fileKey(secret, file.sha256).toString("base64url"),
      };
    },
    ready: (fileIds) => fileIds.every(isConfirmed),
    async ensureUploaded(fileIds, signal, troubled = () => undefined) {
      for (const fileId of fileIds) await ensureOne(fileId, signal, troubled);
    },
    sent: (fileId) => (isConfirmed(fileId) ? (spool.file(fileId)?.bytes ?? 0) : (ways.get(fileId)?.sent ?? 0)),
    take: (attachment, from, signal) =>
      takeFile({ spool, client }, attachment, from, AbortSignal.any([signal, stopped.signal])),
    bytes: () => spool.bytes(),
    prune: () => spool.prune(),
  };
}
