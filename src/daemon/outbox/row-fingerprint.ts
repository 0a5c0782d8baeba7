import { contentHash } from "../../protocol/content-hash.ts";
import { localFingerprint } from "../../protocol/fingerprint.ts";
import { carriedOf } from "./carried.ts";
import { preSendOf } from "./pre-send-note.ts";
import type { OutboxRow } from "./row.ts";

/** What a row says of the request that it was made for. */
export type RequestedRow = Pick<
  OutboxRow,
  "to_text" | "reply_to" | "priority" | "meta" | "mentions_written" | "content_type" | "attachments" | "pre_send"
> & { readonly body: Uint8Array };

/** The local fingerprint over the request as its caller wrote it, computed from its row. Absent version: the present one. */
export function rowFingerprint(meshId: string, row: RequestedRow, version?: number): Buffer {
  const note = preSendOf(row);
  const written = note?.verdict === "changed" ? note.written : null;
  return localFingerprint(
    {
      meshId,
      ref: row.to_text,
      replyTo: row.reply_to ?? "",
      priority: row.priority,
      meta: row.meta,
      mentions: JSON.parse(row.mentions_written) as string[],
      contentType: written?.content_type ?? row.content_type,
      bodyHash: written === null ? contentHash(row.body, carriedOf(row)) : Buffer.from(written.content_hash, "hex"),
    },
    version,
  );
}
