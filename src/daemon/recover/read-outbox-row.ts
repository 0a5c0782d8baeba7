import { isRecord } from "../../protocol/feature-schemas.ts";
import { checkClientMessageId } from "../../protocol/ids.ts";
import { outboxStatuses } from "../../protocol/local-api.ts";
import { isPreSendText } from "../outbox/pre-send-note.ts";
import type { OutboxRow } from "../outbox/row.ts";

const kinds = ["dm", "topic", "queue"];
const priorities = ["now", "next", "low"];
const flags = ["minted", "transmitted", "resealed", "untold"];
const counts = ["id", "body_bytes", "fingerprint_version", "attempts", "enqueued_at", "next_attempt_at"];
const countsOrNull = [
  "supersedes_row",
  "superseded_by",
  "first_attempt_at",
  "accepted_at",
  "history_id",
  "epoch",
  "delivered_at",
  "injected_at",
  "read_at",
  "reached",
  "reached_of",
  "ended_at",
  "aborted_at",
];
const texts = ["to_text", "destination", "destination_ref", "content_type", "meta", "attachments", "pre_send"];
const textsOrNull = ["reply_to", "supersedes", "broker_message_id", "aborted_by"];

/** The row, if every field has a form that the program writes; else null. */
export function readOutboxRow(fields: Readonly<Record<string, unknown>>): OutboxRow | null {
  const of = (name: string): unknown => fields[name];
  const holds =
    flags.every((name) => of(name) === 0 || of(name) === 1) &&
    [0, 1, 2].includes(of("unanswered") as number) &&
    counts.every((name) => isCount(of(name))) &&
    countsOrNull.every((name) => of(name) === null || isCount(of(name))) &&
    texts.every((name) => typeof of(name) === "string") &&
    textsOrNull.every((name) => of(name) === null || typeof of(name) === "string") &&
    isId(of("client_message_id")) &&
    isBytes(of("request_fingerprint"), 32) &&
    (of("body") === null || of("body") instanceof Uint8Array) &&
    kinds.includes(String(of("destination_kind"))) &&
    priorities.includes(String(of("priority"))) &&
    (outboxStatuses as readonly string[]).includes(String(of("status"))) &&
    (of("attachments") === "" || Array.isArray(json(of("attachments")))) &&
    isPreSendText(String(of("pre_send"))) &&
    isTexts(json(of("mentions"))) &&
    isTexts(json(of("mentions_written")));
  if (!holds) return null;
  // Of these a row can do without: what it does then is decided by what is left.
  const kept = (name: string): unknown => (isRecord(json(of(name))) ? of(name) : null);
  return {
    ...fields,
    envelope: kept("envelope"),
    doom: kept("doom"),
    last_error: kept("last_error"),
  } as unknown as OutboxRow;
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isBytes(value: unknown, length: number): boolean {
  return value instanceof Uint8Array && value.length === length;
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string");
}

function isId(value: unknown): boolean {
  try {
    return typeof value === "string" && checkClientMessageId(value) === value;
  } catch {
    return false;
  }
}

function json(value: unknown): unknown {
  try {
    return typeof value === "string" ? JSON.parse(value) : undefined;
  } catch {
    return undefined;
  }
}
