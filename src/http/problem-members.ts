import type { ErrorCode } from "../protocol/error-codes.ts";
import { outboxStatuses } from "../protocol/local-api.ts";
import { described, oneOf, type Shape, text } from "./shape.ts";
import { count, listing } from "./view.ts";

const field = { field: described(text(), "What is meant by it: a field, query parameter or header, by name") };
const retryAfter = { retry_after_ms: described(count(), "After so long one request may pass") };
const tooLarge = {
  bytes: described(count(), "How many there are, where that is known"),
  bytes_max: described(count(), "How many there may be"),
};

/**
 * What a refusal tells beside the members that every one has, by its code: the `details` of the error, wherever it was
 * thrown. A member may be missing where it is not known.
 */
export const problemMembers: Readonly<Partial<Record<ErrorCode, Shape>>> = {
  agent_name_taken: { agent: described(text(), "The name") },
  body_too_large: tooLarge,
  capability_refused: { to: described(text(), "The destination that the token is not for") },
  control_character: field,
  files_full: { bytes_max: tooLarge.bytes_max },
  hook_refused: {
    by: described(oneOf("hook", "failure"), "`hook`: it was asked and said no; `failure`: it could not be asked"),
    reason: described(text(), "What the hook said, or why it could not be asked"),
  },
  idempotency_key_reused: {
    conflict: described(
      oneOf(
        "request_fingerprint_mismatch",
        ...outboxStatuses.flatMap((status) => [
          `outbox_${status}_fingerprint_match` as const,
          `outbox_${status}_fingerprint_mismatch` as const,
        ]),
      ),
      "State of the row that holds the id and whether it is of the same request; at a broker, that the id is of another one",
    ),
    daemon_fingerprint_prefix: described(text(), "Of the request that holds the id"),
    broker_fingerprint_prefix: described(text(), "Of the message that holds the id at the broker"),
    outbox_id: described(count(), "The row that holds the id"),
    broker_message_id: described(text(), "What the row's message became at the broker"),
    reason: described(text(), "Code of the row's last refusal"),
  },
  invalid_config: {
    path: described(text(), "The file"),
    line: described(count(), "Its line that is wrong"),
  },
  invalid_field: field,
  malformed_json: { at: described(count(), "Characters before the mistake") },
  method_not_allowed: { allow: described(text(), "As the header") },
  missing_field: field,
  outcome_unknown: {
    client_message_id: described(text(), "Send again with this one: the answer tells"),
    outbox_id: described(count(), "The row that may or may not have been changed"),
  },
  rate_limited: retryAfter,
  store_unavailable: retryAfter,
  stopping: retryAfter,
  row_not_requeueable: { row_status: described(oneOf(...outboxStatuses), "Of the row as it is now") },
  unknown_agent: {
    agent: described(text(), "The name that no agent has"),
    suggestions: described(listing(text()), "Names that were probably meant, the nearest first"),
  },
  unknown_destination: {
    to: described(text(), "The address that does not exist"),
    suggestions: described(listing(text()), "Addresses that were probably meant, the nearest first"),
  },
  unknown_field: { ...field, suggestion: described(text(), "The name that was probably meant") },
};
