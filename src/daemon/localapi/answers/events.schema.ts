import { anyJson, described, oneOf, optional, type Shape, text } from "../../../http/shape.ts";
import { count, either, instant, jsonText, record, view } from "../../../http/view.ts";
import { eventNames, outboxStatuses, receiptStages } from "../../../protocol/local-api.ts";
import { inboxFields } from "./inbox.schema.ts";
import { lastError } from "./outbox.schema.ts";

const id = described(
  optional(text({ form: { pattern: /^\d{1,15}$/, said: "must be the id of an event" } })),
  "Durable and ascending; a gap that was found when the stream opened has none",
);
const at = described(instant(), "When it happened");

/** Lines of one event: its id, its name, and its data as JSON. */
const lines = <const N extends string, S extends Shape>(names: readonly N[], data: S) =>
  view({ id, event: oneOf(...names), data: jsonText(view({ at, ...data })) });

const receipt = {
  client_message_id: described(text(), "The sender's own form of the id"),
  outbox_id: described(optional(count()), "Absent when this daemon has lost the row"),
  status: optional(oneOf(...outboxStatuses)),
  stage: described(
    optional(oneOf(...receiptStages, "expired")),
    "The newest one that is true; expired: the broker gave it up before everyone it was for had it, or had done with it",
  ),
  reason: described(optional(text()), "Why it expired"),
  delivered_to: described(optional(view({ reached: count(), of: count() })), "Topics: how many subscribers hold it"),
  last_error: optional(lastError),
};
const others = eventNames.filter((name) => name !== "message" && name !== "mention" && name !== "receipt");

/** What an entry of the event stream may be. */
export const streamEvent = either(
  either(lines(["message", "mention"], inboxFields), lines(["receipt"], receipt)),
  view({
    id,
    event: oneOf(...others),
    data: described(jsonText(record(anyJson("what the event tells"))), "An object with `at` and what happened"),
  }),
);
