import type { AttachmentView, FileView } from "../protocol/attachment.ts";
import { answerText, callItems, notAnAnswer, parseAnswer, queryText, refusal, refusalText, segment } from "./call.ts";
import type { CallOptions } from "./deadline.ts";
import type { HttpClient } from "./http/http-client.ts";

/**
 * A message that brought files: by its inbox_id; by its place in the broker's history of an address, `#topic` or `dm`; or by its lease, as
 * long as that lasts and the daemon that claimed it runs.
 */
export type BringingMessage =
  | number
  | { readonly history_id: number; readonly address: string }
  | { readonly lease_id: string; readonly queue: string };

/** Files at a daemon: handing one over for a message to carry, and taking one that a message brought. */
export interface FileCalls {
  /** Resolves once it is on disk there, sealed. `file_id` then stands in `attachments` of a send. */
  put(file: FileToSend, options?: FileOptions): Promise<FileView>;
  list(message: BringingMessage, options?: CallOptions): Promise<readonly AttachmentView[]>;
  /**
   * The bytes of a file from `from` on. They end early, by an error, when the connection or the way to the broker breaks: another
   * call from where it stopped goes on, or says why not.
   */
  take(message: BringingMessage, fileId: string, from?: number, options?: FileOptions): Promise<TakenFile>;
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
      const answer = await http.request({
        method: "POST",
        path: `/v1/files${queryText({ name, content_type })}`,
        bytes: { length: bytes, chunks },
        signal: signal ?? never,
      });
      const text = answerText(answer.body);
      if (answer.status < 300) return parseAnswer(text) as FileView;
      throw refusal(answer.status, text, answer.headers.get("retry-after"));
    },
    async list(message, options) {
      const query = queryOf(message);
      const request = { method: "GET", path: "/v1/files", query, repeatable: true } as const;
      return callItems<AttachmentView>(http, request, options);
    },
    async take(message, fileId, from = 0, { signal } = {}) {
      const answer = await http.stream({
        method: "GET",
        path: `/v1/files/${segment(fileId)}${queryText({ ...queryOf(message), from })}`,
        signal: signal ?? never,
      });
      const { status, headers, chunks, close } = answer;
      const length = Number(headers.get("content-length") ?? Number.NaN);
      if (status < 300 && Number.isSafeInteger(length) && length >= 0) return { bytes: length, chunks, close };
      if (status < 300) {
        close();
        throw notAnAnswer("a file without its length");
      }
      throw refusal(status, await refusalText(answer), headers.get("retry-after"));
    },
  };
}

const never = new AbortController().signal;

function queryOf(message: BringingMessage): Readonly<Record<string, string>> {
  if (typeof message === "number") return { inbox_id: String(message) };
  return "lease_id" in message ? message : { history_id: String(message.history_id), address: message.address };
}
