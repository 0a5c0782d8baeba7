import { described, oneOf, optional, text } from "../../../http/shape.ts";
import { answerOf, count, flag, instant, listing, nullable, view } from "../../../http/view.ts";
import {
  type MessageView,
  type OutboxRowView,
  type OutboxStatus,
  outboxStatuses,
  receiptStages,
} from "../../../protocol/local-api.ts";

import { attachmentView } from "./files.schema.ts";

const status = oneOf(...outboxStatuses);
export const lastError = described(
  nullable(
    view({
      code: text(),
      message: text(),
      broker_message_id: optional(text()),
      broker_fingerprint_prefix: described(
        optional(text()),
        "Where the broker holds the id for other bytes: the first 8 bytes of their fingerprint, in hex",
      ),
      broker_fingerprint_version: optional(count()),
      wire_fingerprint_prefix: described(optional(text()), "The same of what was sent"),
      wire_fingerprint_version: optional(count()),
    }),
  ),
  "The last refusal",
);

export const outboxRow = answerOf<OutboxRowView>("OutboxRow")(
  view({
    outbox_id: count(),
    client_message_id: described(text(), "The sender's own form of the id"),
    to: described(text(), "As written"),
    status,
    enqueued_at: instant(),
    first_attempt_at: nullable(instant()),
    next_attempt_at: nullable(instant()),
    attempts: count(),
    last_error: lastError,
    outcome_unknown: described(flag(), "Bytes were on the wire and no answer has settled the row"),
    broker_message_id: nullable(text()),
    history_id: nullable(count()),
    delivered_at: nullable(instant()),
    aborted_at: nullable(instant()),
    aborted_by: nullable(text()),
    superseded_by: described(nullable(count()), "The row that was requeued in its place"),
    supersedes: described(nullable(count()), "The row in whose place it was requeued"),
    body_bytes: count(),
    attachments: described(listing(attachmentView), "Files that it carries"),
    pre_send: described(
      nullable(oneOf("passed", "changed", "failed")),
      "What this host's pre-send hook made of the message, or that it could not be asked; null: none was",
    ),
  }),
);

export const message = answerOf<MessageView>("Message")(
  view({
    client_message_id: described(text(), "The sender's own form of the id"),
    outbox_id: count(),
    to: described(text(), "As written"),
    status,
    stages: described(
      listing(view({ stage: oneOf(...receiptStages), at: instant() })),
      "In order; a stage is listed only when it is true",
    ),
    delivered_to: described(
      nullable(view({ reached: count(), of: count() })),
      "Topics: how many of the current subscribers hold it",
    ),
    files_sent: described(
      nullable(view({ bytes: count(), of: count() })),
      "Bytes of its files that the broker has, while they are on their way to it",
    ),
    broker_message_id: nullable(text()),
    history_id: nullable(count()),
    last_error: lastError,
  }),
);

export const outboxCounts = answerOf<Readonly<Record<OutboxStatus, number>>>()(
  view({ pending: count(), inflight: count(), done: count(), dead: count(), aborted: count() }),
);
