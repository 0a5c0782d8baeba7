import { type Attachment, shownAttachment } from "../../protocol/attachment.ts";
import { textOf } from "../../protocol/body-text.ts";
import type { InboxItem } from "../../protocol/local-api.ts";
import type { JsonObject } from "../../protocol/json-value.ts";
import { readSenderNote } from "../../protocol/sender-agent.ts";
import { rfc3339 } from "../../protocol/time.ts";

/** A row of the inbox as SQLite gives it. */
export interface InboxRow {
  readonly id: number;
  readonly sender: string;
  readonly client_message_id: string | null;
  readonly epoch: number;
  readonly seq: number;
  readonly broker_message_id: string;
  readonly request_fingerprint: string | null;
  readonly topic: string | null;
  readonly agent: string | null;
  readonly from_name: string | null;
  readonly content_type: string;
  readonly body: Uint8Array | null;
  readonly meta: string;
  readonly mentions: string;
  readonly reply_to: string | null;
  readonly supersedes: string | null;
  readonly priority: "now" | "next" | "low";
  readonly algorithm: string;
  readonly verified: 0 | 1;
  readonly shown: 0 | 1;
  readonly invalid: string | null;
  readonly sent_at: string;
  readonly accepted_at: string;
  readonly received_at: number;
  /** When a direct message was handed to a live session. */
  readonly injected_at: number | null;
  readonly read_at: number | null;
  /** `api:<key id>` of what nobody has signed, else "". */
  readonly via: string;
  /** JSON of the files that it brings, with their keys; "" for none. */
  readonly attachments: string;
  /** See migrations/daemon/inbox/0006_restored.sql. */
  readonly restored: 0 | 1 | 2 | 3;
}

/** With the key of each: for who takes the file, and nobody else. */
export function attachmentsOf({ attachments }: Pick<InboxRow, "attachments">): readonly Attachment[] {
  return attachments === "" ? [] : (JSON.parse(attachments) as Attachment[]);
}

export function inboxItem(row: InboxRow, memberName: string): InboxItem {
  const body = Buffer.from(row.body ?? new Uint8Array());
  const { note, meta } = readSenderNote(row.meta === "" ? null : (JSON.parse(row.meta) as JsonObject));
  return {
    inbox_id: row.id,
    client_message_id: row.client_message_id,
    broker_message_id: row.broker_message_id,
    history_id: row.seq,
    epoch: row.epoch,
    // No daemon of the member's stands behind what an API key handed in.
    from: { member_id: row.sender, name: row.from_name, agent: row.via === "" ? note.agent : null },
    to: row.topic === null ? `@${memberName}${row.agent === null ? "" : `/${row.agent}`}` : `#${row.topic}`,
    topic: row.topic,
    agent: row.agent,
    content_type: row.content_type,
    message: textOf(row.content_type, body),
    body: body.toString("base64url"),
    meta,
    mentions: JSON.parse(row.mentions) as string[],
    reply_to: row.reply_to,
    priority: row.priority,
    hops: row.via === "" ? note.hops : 0,
    encrypted: row.algorithm !== "none",
    verified: row.verified === 1,
    via: row.via === "" ? null : row.via,
    sent_at: row.sent_at,
    accepted_at: row.accepted_at,
    received_at: rfc3339(row.received_at),
    attachments: attachmentsOf(row).map(shownAttachment),
    read_at: row.read_at === null ? null : rfc3339(row.read_at),
    ...(row.restored === 0 ? {} : { restored: true }),
  };
}
