import assert from "node:assert/strict";
import { test } from "node:test";
import type { MessageView, OutboxRowView } from "../protocol/local-api.ts";
import type { RowRefusal } from "../protocol/row-refusal.ts";
import { messageStateLines } from "./message-state.ts";

function linesOf(error: RowRefusal): string[] {
  const row: OutboxRowView = {
    outbox_id: 12,
    client_message_id: "build-42",
    to: "@bob",
    status: "dead",
    enqueued_at: "2026-01-01T00:00:00.000Z",
    first_attempt_at: "2026-01-01T00:00:00.000Z",
    next_attempt_at: null,
    attempts: 0,
    last_error: error,
    outcome_unknown: false,
    broker_message_id: "m1",
    history_id: null,
    delivered_at: null,
    aborted_at: null,
    aborted_by: null,
    superseded_by: null,
    supersedes: null,
    body_bytes: 5,
    attachments: [],
    pre_send: null,
  };
  const message: MessageView = { ...row, stages: [], delivered_to: null, files_sent: null };
  return messageStateLines(message, row);
}

test("a row that ended since the broker holds its id for other bytes shows the beginnings of both fingerprints and their versions", () => {
  const error = { code: "id_committed_differently", message: "the broker accepted this id earlier with other bytes" };
  const full = {
    ...error,
    broker_fingerprint_prefix: "0011223344556677",
    broker_fingerprint_version: 1,
    wire_fingerprint_prefix: "8899aabbccddeeff",
    wire_fingerprint_version: 2,
  };
  const line = (of: RowRefusal) => linesOf(of).find((one) => one.startsWith("bytes "));
  assert.equal(
    line(full),
    "bytes     the broker holds 0011223344556677 (fingerprint version 1), this row sent 8899aabbccddeeff (fingerprint version 2)",
  );
  assert.equal(
    line({ ...error, broker_fingerprint_prefix: "0011223344556677" }),
    "bytes     the broker holds 0011223344556677, this row sent unknown",
  );
  assert.equal(line(error), undefined);
});
