import { ClaudemeshError } from "../../protocol/error.ts";
import { fingerprintPrefix, fingerprintVersions } from "../../protocol/fingerprint.ts";
import type { OutboxAnswer } from "../parts.ts";
import type { CallerFingerprint } from "./caller-fingerprint.ts";
import { lastError, type OutboxRow } from "./row.ts";

/** The fixed table of delivery.md §3: what a send gets whose id an existing row holds. */
export function answerFor(row: OutboxRow, fingerprint: CallerFingerprint): OutboxAnswer {
  if (!fingerprintVersions.has(row.fingerprint_version))
    throw new ClaudemeshError("store_unavailable", `a newer claudemesh wrote row ${row.id}, which holds this id`, {
      hint: "install that version or a later one",
    });
  const same = Buffer.compare(row.request_fingerprint, fingerprint(row.fingerprint_version)) === 0;
  const own = { outbox_id: row.id, client_message_id: row.client_message_id };
  if (same && row.status === "pending") return { kind: "queued", ...own, duplicate: true };
  if (same && row.status === "inflight") return { kind: "inflight", ...own, duplicate: true };
  if (same && row.status === "done") {
    return {
      kind: "done",
      ...own,
      duplicate: true,
      broker_message_id: row.broker_message_id ?? "",
      history_id: row.history_id ?? 0,
    };
  }
  const reason = lastError(row)?.code;
  return {
    kind: "conflict",
    outbox_id: row.id,
    conflict: `outbox_${row.status}_fingerprint_${same ? "match" : "mismatch"}`,
    daemon_fingerprint_prefix: fingerprintPrefix(row.request_fingerprint),
    ...(row.broker_message_id === null ? {} : { broker_message_id: row.broker_message_id }),
    ...(reason === undefined ? {} : { reason }),
  };
}
