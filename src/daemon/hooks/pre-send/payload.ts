import type { Attachment } from "../../../protocol/attachment.ts";
import { textOf } from "../../../protocol/body-text.ts";
import { parseMeta } from "../../../protocol/meta.ts";
import { readSenderNote } from "../../../protocol/sender-agent.ts";
import type { ParsedSend } from "../../../http/parse-send.ts";

/** A message that is about to be stored. */
export interface PreSendPayload {
  readonly parsed: Pick<ParsedSend, "to" | "priority" | "meta" | "mentions" | "replyTo">;
  readonly clientMessageId: string;
  readonly kind: "dm" | "topic" | "queue";
  readonly body: Uint8Array;
  readonly contentType: string;
  /** Whether another body could be sent in place of this one. */
  readonly fits: (body: Uint8Array) => boolean;
  readonly files: readonly Pick<Attachment, "name" | "content_type" | "file_id">[];
}

/** The message in the fields that an item of the inbox has them in. */
export function preSendPayload(message: PreSendPayload): Record<string, unknown> {
  const { parsed, clientMessageId, kind, body, contentType, files } = message;
  const { note, meta } = readSenderNote(parseMeta(parsed.meta));
  return {
    client_message_id: clientMessageId,
    to: parsed.to,
    destination: kind,
    from_agent: note.agent,
    hops: note.hops,
    content_type: contentType,
    message: textOf(contentType, Buffer.from(body)),
    body: Buffer.from(body).toString("base64url"),
    meta,
    mentions: parsed.mentions,
    reply_to: parsed.replyTo,
    priority: parsed.priority,
    attachments: files.map(({ name, content_type }) => ({ name, content_type })),
  };
}
