import type { SendAnswer } from "../../protocol/frames.ts";
import { fingerprintPrefix } from "../../protocol/fingerprint.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { errorCodes, type ErrorCode } from "../../protocol/error-codes.ts";
import type { DedupeRecord, Refusal } from "../store/store.ts";

export function duplicateAnswer(record: DedupeRecord): SendAnswer {
  return {
    status: 200,
    client_message_id: record.client_message_id,
    broker_message_id: record.broker_message_id,
    history_id: record.seq,
    duplicate: true,
    history_available: record.history_available,
    first_seen_at: rfc3339(record.first_seen_at),
    position: record.position,
  };
}

/** Another sender learns nothing of the record, not even that its own id was right. */
export function mismatchAnswer(record: DedupeRecord, own: boolean): SendAnswer {
  const answer = {
    status: 409,
    client_message_id: record.client_message_id,
    code: "idempotency_key_reused",
    conflict: "request_fingerprint_mismatch",
  } as const;
  if (!own) return answer;
  return {
    ...answer,
    broker_fingerprint_prefix: fingerprintPrefix(record.request_fingerprint),
    broker_fingerprint_version: record.fingerprint_version,
    broker_message_id: record.broker_message_id,
  };
}

export function voidAnswer(clientMessageId: string): SendAnswer {
  return {
    status: 410,
    client_message_id: clientMessageId,
    code: "id_void",
    message: "The id was voided by its sender; send the message under a new id.",
  };
}

export function refusalAnswer(clientMessageId: string, refusal: Refusal): SendAnswer {
  const { status, code, message, retry_after_ms } = refusal;
  return retry_after_ms === undefined
    ? { status, client_message_id: clientMessageId, code, message }
    : { status, client_message_id: clientMessageId, code, message, retry_after_ms };
}

export function refusalOf(code: ErrorCode, message: string, retryAfterMs?: number): Refusal {
  const refusal = { kind: "refused", status: errorCodes[code].status, code, message } as const;
  return retryAfterMs === undefined ? refusal : { ...refusal, retry_after_ms: retryAfterMs };
}
