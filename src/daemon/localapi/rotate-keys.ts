import { operation, type Route } from "../../http/route.ts";
import { described, oneOf, optional, text } from "../../http/shape.ts";
import type { ErrorCode } from "../../protocol/error-codes.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { EpochRecord } from "../../protocol/epoch.ts";
import type { TopicKeyView } from "../../protocol/local-api.ts";
import { addressOf } from "../keys/epoch-set.ts";
import type { Keyring, Link } from "../parts.ts";
import { topicKey } from "./answers/directory.schema.ts";
import { queueName, queueParam } from "./ask-of-queue.ts";
import { brokerErrors, olderBroker } from "./ask-broker.ts";
import { topicName } from "./inbox.ts";

const history = described(
  optional(oneOf("all", "joined")),
  "all: who comes later gets the earlier keys too; joined: only what is sealed from then on. Absent: as it is",
);
const errors: readonly ErrorCode[] = [
  "invalid_destination",
  "unknown_destination",
  "mesh_unsealed",
  "not_a_member",
  "not_subscribed",
  "not_allowed",
  "membership_moved",
  "too_many_epochs",
  ...brokerErrors,
];

/** New keys on demand: what is sealed from now on, nobody opens who only knew the ones before. */
export function rotationRoutes({
  keyring,
  link,
}: {
  readonly keyring: Pick<Keyring, "rotate">;
  readonly link: Pick<Link, "freshDirectory">;
}): readonly Route[] {
  /** A topic that is not known is refused only after the broker was asked: news of it may have been lost. */
  async function rotate(...[destination, of]: Parameters<Keyring["rotate"]>): Promise<TopicKeyView> {
    const once = async () => {
      try {
        return keyView(await keyring.rotate(destination, of));
      } catch (thrown) {
        throw olderBroker(ClaudemeshError.from(thrown));
      }
    };
    try {
      return await once();
    } catch (thrown) {
      if (destination.kind !== "topic" || ClaudemeshError.from(thrown).code !== "unknown_destination") throw thrown;
      await link.freshDirectory();
      return once();
    }
  }

  return [
    operation({
      name: "topicRotate",
      method: "POST",
      path: "/v1/topics/{topic}/rotate",
      summary: "Make a new key of a topic now, for those who are subscribed to it",
      params: { topic: described(text(), "`#name` or `name`") },
      body: { history },
      bodyOptional: true,
      answers: [{ status: 201, description: "The new key, without what is secret of it", body: topicKey }],
      errors,
      handle: async ({ params, body }) => ({
        status: 201,
        body: await rotate({ kind: "topic", ref: topicName(params.topic) }, body.history),
      }),
    }),
    operation({
      name: "queueRotate",
      method: "POST",
      path: "/v1/queues/{queue}/rotate",
      summary: "Make a new key of a queue now, for those who may use it",
      params: { queue: queueParam },
      body: { history },
      bodyOptional: true,
      answers: [{ status: 201, description: "The new key, without what is secret of it", body: topicKey }],
      errors,
      handle: async ({ params, body }) => ({
        status: 201,
        body: await rotate({ kind: "queue", ref: queueName(params.queue) }, body.history),
      }),
    }),
  ];
}

export function keyView(record: EpochRecord): TopicKeyView {
  const { epoch_id, depth, history, at } = record;
  return { address: addressOf(record), epoch_id, depth, history, created_at: at };
}
