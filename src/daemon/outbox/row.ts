import type { MessageView, OutboxRowView, OutboxStatus, ReceiptStage } from "../../protocol/local-api.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { carriedOf } from "./carried.ts";
import { preSendOf } from "./pre-send-note.ts";

/** A row of the outbox as SQLite gives it; times in epoch milliseconds. */
export interface OutboxRow {
  readonly id: number;
  readonly client_message_id: string;
  readonly minted: 0 | 1;
  readonly request_fingerprint: Uint8Array;
  readonly fingerprint_version: number;
  readonly to_text: string;
  /** Ordering key: every row of one destination goes out in order of id. */
  readonly destination: string;
  readonly destination_kind: "dm" | "topic" | "queue";
  readonly destination_ref: string;
  /** null once shrunk to a tombstone. */
  readonly body: Uint8Array | null;
  readonly body_bytes: number;
  readonly content_type: string;
  readonly priority: "now" | "next" | "low";
  readonly meta: string;
  readonly mentions: string;
  readonly mentions_written: string;
  readonly reply_to: string | null;
  readonly supersedes: string | null;
  readonly supersedes_row: number | null;
  readonly superseded_by: number | null;
  readonly envelope: string | null;
  readonly transmitted: 0 | 1;
  /** 0: every attempt was answered; 1: the newest was not; 2: an earlier one was not either. */
  readonly unanswered: 0 | 1 | 2;
  readonly status: OutboxStatus;
  /** Error that the row will die of as soon as the broker has voided its id. */
  readonly doom: string | null;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly enqueued_at: number;
  readonly first_attempt_at: number | null;
  readonly next_attempt_at: number;
  readonly accepted_at: number | null;
  readonly broker_message_id: string | null;
  readonly history_id: number | null;
  readonly epoch: number | null;
  readonly delivered_at: number | null;
  readonly injected_at: number | null;
  readonly read_at: number | null;
  readonly reached: number | null;
  readonly reached_of: number | null;
  readonly ended_at: number | null;
  readonly aborted_at: number | null;
  readonly aborted_by: string | null;
  /** 1: seals again what its receiver could not open. */
  readonly resealed: 0 | 1;
  /** Local events have yet to tell of the newest stage. */
  readonly untold: 0 | 1;
  /** JSON of the files that it carries, without keys; "" for none. */
  readonly attachments: string;
  /** JSON of what this host's pre-send hook said (pre-send-note.ts); "" where none was asked. */
  readonly pre_send: string;
}

export function rowView(row: OutboxRow): OutboxRowView {
  return {
    outbox_id: row.id,
    client_message_id: row.client_message_id,
    to: row.to_text,
    status: row.status,
    enqueued_at: rfc3339(row.enqueued_at),
    first_attempt_at: timeOrNull(row.first_attempt_at),
    next_attempt_at: row.status === "pending" && row.next_attempt_at > 0 ? rfc3339(row.next_attempt_at) : null,
    attempts: row.attempts,
    last_error: lastError(row),
    outcome_unknown: row.unanswered > 0 && (row.status === "pending" || row.status === "inflight"),
    broker_message_id: row.broker_message_id,
    history_id: row.history_id,
    delivered_at: timeOrNull(row.delivered_at),
    aborted_at: timeOrNull(row.aborted_at),
    aborted_by: row.aborted_by,
    superseded_by: row.superseded_by,
    supersedes: row.supersedes_row,
    body_bytes: row.body_bytes,
    attachments: carriedOf(row),
    pre_send: preSendOf(row)?.verdict ?? null,
  };
}

/** As the outbox knows it; how far its files are, their spool knows. */
export function messageView(row: OutboxRow): MessageView {
  return {
    client_message_id: row.client_message_id,
    outbox_id: row.id,
    to: row.to_text,
    status: row.status,
    stages: stages(row).map(({ stage, at }) => ({ stage, at: rfc3339(at) })),
    delivered_to: row.reached === null || row.reached_of === null ? null : { reached: row.reached, of: row.reached_of },
    files_sent: null,
    broker_message_id: row.broker_message_id,
    history_id: row.history_id,
    last_error: lastError(row),
  };
}

/** The stages that are true of a row, in order. */
export function stages(row: OutboxRow): { stage: ReceiptStage; at: number }[] {
  const found: { stage: ReceiptStage; at: number }[] = [{ stage: "queued", at: row.enqueued_at }];
  if (row.accepted_at !== null) found.push({ stage: "accepted", at: row.accepted_at });
  if (row.delivered_at !== null) found.push({ stage: "delivered", at: row.delivered_at });
  if (row.injected_at !== null) found.push({ stage: "injected", at: row.injected_at });
  if (row.read_at !== null) found.push({ stage: "read", at: row.read_at });
  return found;
}

export function lastError(row: OutboxRow): OutboxRowView["last_error"] {
  return row.last_error === null ? null : (JSON.parse(row.last_error) as OutboxRowView["last_error"]);
}

function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : rfc3339(ms);
}
