import { type ErrorCode, errorCodes } from "../../protocol/error-codes.ts";
import type { SendAnswer } from "../../protocol/frames.ts";
import type { RowRefusal } from "../../protocol/row-refusal.ts";

/**
 * What an answer of the broker does to a row.
 *
 * A row is born `pending`, is `inflight` while its frozen envelope is on a live link, and ends `done`, `dead` or
 * `aborted`. `unanswered` is set when the envelope goes out and cleared by an answer to that very attempt: the
 * refusals of the broker re-check its records under the mesh's lock, and a new link's epoch shuts out what an old
 * link still had in the air. A refusal that comes after an earlier attempt was left unanswered therefore says nothing
 * about that one: the row may not die yet. It is marked with its doom, the id is voided, and only then it dies
 * (or, when the record turns up, is done).
 */
export type NextState =
  | {
      readonly kind: "done";
      readonly broker_message_id: string;
      readonly history_id: number;
      readonly epoch: number | null;
    }
  | {
      readonly kind: "retry";
      readonly afterMs: number | null;
      readonly countsAsAttempt: boolean;
      /** The broker failed and cannot say whether it committed: the attempt counts as unanswered. */
      readonly outcomeUnknown: boolean;
      readonly error: RowError;
    }
  | { readonly kind: "dead"; readonly error: RowError }
  | { readonly kind: "doomed"; readonly error: RowError };

export type RowError = RowRefusal;

export function nextState(answer: SendAnswer, earlierUnanswered: boolean): NextState {
  if (isAccepted(answer)) {
    return {
      kind: "done",
      broker_message_id: answer.broker_message_id,
      history_id: answer.history_id,
      epoch: answer.position?.epoch ?? null,
    };
  }
  if (isConflict(answer)) {
    // Only the record's own sender is told its message: then this id was committed, with other bytes. Never "lost".
    const own = answer.broker_message_id !== undefined;
    return {
      kind: "dead",
      error: own
        ? {
            code: "id_committed_differently",
            message: "the broker accepted this id earlier with other bytes",
            broker_message_id: answer.broker_message_id ?? "",
            ...toldRecord(answer),
          }
        : { code: "idempotency_key_reused", message: "the broker holds this id for another request" },
    };
  }
  const code: ErrorCode = Object.hasOwn(errorCodes, answer.code) ? answer.code : "internal";
  const error = { code, message: answer.message };
  const afterMs = answer.retry_after_ms ?? null;
  if (answer.status === 429) return { kind: "retry", afterMs, countsAsAttempt: false, outcomeUnknown: false, error };
  if (code === "behind") return { kind: "retry", afterMs: 0, countsAsAttempt: false, outcomeUnknown: false, error };
  if (answer.status >= 500) return { kind: "retry", afterMs, countsAsAttempt: true, outcomeUnknown: true, error };
  if (code === "id_void") return { kind: "dead", error };
  return earlierUnanswered ? { kind: "doomed", error } : { kind: "dead", error };
}

/** What a broker tells of the record that it holds, as far as it has its form. */
export function toldRecord(
  answer: Pick<Conflict, "broker_fingerprint_prefix" | "broker_fingerprint_version">,
): Pick<RowError, "broker_fingerprint_prefix" | "broker_fingerprint_version"> {
  const { broker_fingerprint_prefix: prefix, broker_fingerprint_version: version } = answer;
  if (typeof prefix !== "string" || !/^[0-9a-f]{16}$/.test(prefix)) return {};
  return Number.isSafeInteger(version) && Number(version) > 0
    ? { broker_fingerprint_prefix: prefix, broker_fingerprint_version: Number(version) }
    : { broker_fingerprint_prefix: prefix };
}

type Accepted = Extract<SendAnswer, { duplicate: boolean }>;
export type Conflict = Extract<SendAnswer, { conflict: string }>;

function isAccepted(answer: SendAnswer): answer is Accepted {
  return answer.status === 201 || answer.status === 200;
}

export function isConflict(answer: SendAnswer): answer is Conflict {
  return answer.status === 409;
}
