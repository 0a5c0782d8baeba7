import type { FileView } from "../protocol/attachment.ts";
import { refusal } from "./call.ts";
import type { HttpClient } from "./http/http-client.ts";

/** Files at a daemon: handing one over for a message to carry, and taking one that a message brought. */
export interface FileCalls {
  /** Resolves once it is on disk there, sealed. `file_id` then stands in `attachments` of a send. */
  put(file: FileToSend, options?: FileOptions): Promise<FileView>;
  /**
   * The bytes of a file from `from` on. They end early, by an error, when the connection or the way to the broker breaks: another
   * call from where it stopped goes on, or says why not.
   */
  take(inboxId: number, fileId: string, from?: number, options?: FileOptions): Promise<TakenFile>;
}

export interface FileToSend {
  readonly name: string;
  readonly content_type?: string;
  /** How many bytes `chunks` has. */
  readonly bytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface FileOptions {
  readonly signal?: AbortSignal;
}

export interface TakenFile {
  /** How many there are to come. */
  readonly bytes: number;
  readonly chunks: AsyncIterable<Buffer>;
  close(): void;
}

export function fileCalls(http: HttpClient): FileCalls {
  return {
    async put({ name, content_type, bytes, chunks }, { signal } = {}) {
      const query = new URLSearchParams({ name, ...(content_type === undefined ? {} : { content_type }) });
      const answer = await http.request({
        method: "POST",
        path: `/v1/files?${query}`,
        bytes: { length: bytes, chunks },
        signal: signal ?? never,
      });
      const text = answer.body.toString("utf8");
      if (answer.status < 300) return JSON.parse(text) as FileView;
      throw refusal(answer.status, text, answer.headers.get("retry-after"));
    },
    async take(inboxId, fileId, from = 0, { signal } = {}) {
      const answer = await http.stream({
        method: "GET",
        path: `/v1/files/${fileId}?inbox_id=${inboxId}&from=${from}`,
        signal: signal ?? never,
      });
      const { status, headers, chunks, close } = answer;
      if (status < 300) return { bytes: Number(headers.get("content-length")), chunks, close };
      const parts: Buffer[] = [];
      for await (const chunk of chunks) parts.push(chunk);
      throw refusal(status, Buffer.concat(parts).toString("utf8"), headers.get("retry-after"));
    },
  };
}

const never = new AbortController().signal;
