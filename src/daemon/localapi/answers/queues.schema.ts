import { described, oneOf, text } from "../../../http/shape.ts";
import { answerOf, count, either, flag, instant, listing, nullable, view } from "../../../http/view.ts";
import type {
  ClaimedMessage,
  DeadLetter,
  LeaseEnded,
  LeaseExtended,
  Listing,
  QueueDeleted,
  QueueView,
  Requeued,
} from "../../../protocol/local-api.ts";
import { historyFields } from "./inbox.schema.ts";

export const queue = answerOf<QueueView>("Queue")(
  view({
    name: text(),
    address: described(text(), "Pass as `to` of a send"),
    created_by: described(text(), "member_id"),
    created_at: instant(),
    deliveries_max: described(count(), "Deliveries after which a message that nobody acknowledged is a dead letter"),
    unsealed: described(flag(), "API keys may hand in messages that nobody has sealed or signed"),
    messages: described(
      view({
        ready: described(count(), "A claim would get them"),
        delayed: described(count(), "Given back, for later"),
        leased: count(),
        dead: described(count(), "Dead letters"),
      }),
      "Counted now, each up to 10,000",
    ),
  }),
);
export const queues = answerOf<Listing<QueueView>>()(view({ items: listing(queue) }));
export const queueDeleted = answerOf<QueueDeleted>()(view({ name: text() }));
export const requeued = answerOf<Requeued>()(
  view({ requeued: described(count(), "Dead letters that are ready again") }),
);

const lease = {
  lease_id: described(text(), "Shown to acknowledge the message, to give it back or to extend the lease"),
  lease_until: described(instant(), "By the broker's clock"),
  deliveries: described(count(), "How often it was delivered, this time included"),
};
const death = {
  deliveries: count(),
  reason: described(nullable(text()), "What the last consumer said, or that its lease ran out"),
  died_at: instant(),
  claimed_by: described(text(), "member_id of the last consumer"),
};
const { shown, hidden } = historyFields;

const claimedMessage = answerOf<ClaimedMessage>("ClaimedMessage")(
  either(view({ ...shown, ...lease }), view({ ...hidden, ...lease })),
);
export const claimed = answerOf<Listing<ClaimedMessage>>()(view({ items: listing(claimedMessage) }));
export const deadLetter = answerOf<DeadLetter>("DeadLetter")(
  either(view({ ...shown, ...death }), view({ ...hidden, ...death })),
);

export const leaseEnded = answerOf<LeaseEnded>("LeaseEnded")(
  view({
    history_id: count(),
    state: described(
      oneOf("done", "ready", "dead"),
      "done: acknowledged; ready: given back; dead: given back after its last delivery",
    ),
    available_at: described(nullable(instant()), "When it can be claimed again"),
  }),
);
export const leaseExtended = answerOf<LeaseExtended>("LeaseExtended")(
  view({ history_id: count(), lease_until: instant() }),
);
