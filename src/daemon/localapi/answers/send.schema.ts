import { oneOf, optional, described, text } from "../../../http/shape.ts";
import { answerOf, count, flag, view } from "../../../http/view.ts";
import { durabilities, type SendResult } from "../../../protocol/local-api.ts";

export const sendResult = answerOf<SendResult>("SendResult")(
  view({
    client_message_id: described(text(), "The sender's own form of the id"),
    outbox_id: count(),
    state: oneOf("queued", "inflight", "done"),
    duplicate: described(flag(), "The id was known, and stands for this same message"),
    durability: described(
      oneOf(...durabilities),
      "Where the message is kept until the broker has it: `disk`; `process`: in memory alone, by an ephemeral daemon",
    ),
    broker_message_id: optional(text()),
    history_id: optional(count()),
  }),
);
