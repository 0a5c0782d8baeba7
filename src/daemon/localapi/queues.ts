import type { Log } from "../../base/log.ts";
import { pageOf, pageShape, readPage } from "../../http/page.ts";
import { operation, type Route } from "../../http/route.ts";
import { described, invalid, listOf, optional, truth, whole } from "../../http/shape.ts";
import { flag } from "../../http/view.ts";
import { isName } from "../../protocol/address.ts";
import { isRecord } from "../../protocol/feature-schemas.ts";
import { limits } from "../../protocol/limits.ts";
import type { DeadLetter, QueueView } from "../../protocol/local-api.ts";
import type { LeasedFiles } from "../files/leased-files.ts";
import type { MeshFile } from "../identity/mesh-file.ts";
import type { MembershipState } from "../../protocol/membership/state.ts";
import type { Keyring, Link, Membership } from "../parts.ts";
import { chainOf, changeChain, entryErrors } from "./member-view.ts";
import type { Self } from "../resolve-address.ts";
import { deadLetter, queue, queueDeleted, queues, requeued } from "./answers/queues.schema.ts";
import { askBroker, brokerErrors } from "./ask-broker.ts";
import {
  answerTo,
  askOfQueue,
  countOf,
  instantOf,
  itemOf,
  queueErrors,
  queueName,
  queueParam,
  recordsOf,
  textOf,
  unreadable,
} from "./ask-of-queue.ts";
import { leaseRoutes } from "./leases.ts";
import { createQueueMessages } from "./queue-message.ts";

/** Queues are the broker's: everything here needs the link. Sending to one does not; see send.ts. */
export function queueRoutes(parts: {
  readonly link: Link;
  readonly membership: Membership;
  readonly self: Self;
  readonly mesh: MeshFile;
  readonly keyring: Pick<Keyring, "open" | "hasEpochKey" | "follow">;
  readonly leasedFiles: LeasedFiles;
  readonly log: Log;
}): readonly Route[] {
  const { link } = parts;
  const messagesOf = createQueueMessages(parts);
  const queueView = (info: Record<string, unknown>): QueueView => viewOf(info, parts.membership.state());
  const shownQueue = async (name: string): Promise<QueueView> => {
    const [only] = recordsOf(await askOfQueue(link, name, { type: "queues", counts: true }), "queues");
    if (only === undefined) throw unreadable("queues");
    return queueView(only);
  };
  return [
    operation({
      name: "queueList",
      method: "GET",
      path: "/v1/queues",
      summary: "Queues of the mesh with what they hold, asked of the broker now",
      answers: [{ status: 200, description: "All of them", body: queues }],
      errors: brokerErrors,
      async handle() {
        const answer = answerTo("queues", await askBroker(link, { type: "queues", queue: null, counts: true }));
        return { status: 200, body: { items: recordsOf(answer, "queues").map(queueView) } };
      },
    }),
    operation({
      name: "queueCreate",
      method: "POST",
      path: "/v1/queues",
      summary: "Create a queue; every member may send to it and claim from it",
      body: {
        name: queueParam,
        deliveries_max: described(
          optional(whole(1, limits.queueDeliveriesMax)),
          "Deliveries after which a message that nobody acknowledged is a dead letter",
          { default: limits.queueDeliveries },
        ),
      },
      answers: [{ status: 201, description: "The new queue", body: queue }],
      errors: ["invalid_destination", "already_exists", "too_many_queues", ...brokerErrors],
      async handle({ body }) {
        const deliveries_max = body.deliveries_max ?? limits.queueDeliveries;
        const frame = { type: "queue_create", name: queueName(body.name), deliveries_max };
        return { status: 201, body: queueView(answerTo("queue_create", await askBroker(link, frame))) };
      },
    }),
    operation({
      name: "queueShow",
      method: "GET",
      path: "/v1/queues/{queue}",
      summary: "One queue with what it holds, asked of the broker now",
      params: { queue: queueParam },
      answers: [{ status: 200, description: "The queue", body: queue }],
      errors: queueErrors,
      handle: async ({ params }) => ({ status: 200, body: await shownQueue(queueName(params.queue)) }),
    }),
    operation({
      name: "queueDelete",
      method: "POST",
      path: "/v1/queues/{queue}/delete",
      summary: "Delete a queue that holds nothing, or with `force` whatever it holds: the senders are told",
      params: { queue: queueParam },
      body: { force: described(optional(truth()), "Gives up what nobody has acknowledged, dead letters included") },
      bodyOptional: true,
      answers: [{ status: 200, description: "It is gone", body: queueDeleted }],
      errors: [...queueErrors, "not_allowed", "queue_not_empty"],
      async handle({ params, body }) {
        const frame = { type: "queue_delete", force: body.force ?? false };
        return { status: 200, body: { name: textOf(await askOfQueue(link, queueName(params.queue), frame), "name") } };
      },
    }),
    operation({
      name: "queuePolicy",
      method: "POST",
      path: "/v1/queues/{queue}/policy",
      summary: "Open a queue for messages that API keys hand to the broker unsealed, or close it for them",
      params: { queue: queueParam },
      body: { unsealed: described(flag(), "Whether they may. Whoever claims one is shown that nobody has signed it") },
      answers: [{ status: 200, description: "The queue as it is now", body: queue }],
      errors: [...queueErrors, "not_allowed", ...entryErrors],
      async handle({ params, body: { unsealed } }) {
        const destination = `queue:${queueName(params.queue)}`;
        chainOf(parts.membership);
        const shown = await shownQueue(queueName(params.queue));
        await changeChain(
          parts.membership,
          (now) => (now.opened.get(destination) ?? false) === unsealed,
          () => ({ kind: "policy", destination, unsealed }),
        );
        return { status: 200, body: { ...shown, unsealed } };
      },
    }),
    operation({
      name: "queueDead",
      method: "GET",
      path: "/v1/queues/{queue}/dead",
      summary: "Dead letters of a queue in the order of acceptance",
      params: { queue: queueParam },
      query: pageShape,
      answers: [{ status: 200, description: "One page", body: pageOf(deadLetter) }],
      errors: queueErrors,
      async handle({ params, query }) {
        const name = queueName(params.queue);
        const { cursor, limit } = readPage(query);
        if (cursor !== null && !/^\d{1,15}$/.test(cursor))
          throw invalid("cursor", "must be a next_cursor of this list");
        const frame = { type: "queue_dead", after_seq: Number(cursor ?? 0), limit };
        const answer = await askOfQueue(link, name, frame);
        const next = answer["next_after_seq"] === null ? null : countOf(answer, "next_after_seq");
        const records = recordsOf(answer, "messages");
        const shown = await messagesOf(records.map(itemOf), name);
        const items = records.flatMap((letter, index): DeadLetter[] => {
          const message = shown[index];
          if (message === undefined) return [];
          return [
            {
              ...message.shown,
              deliveries: countOf(letter, "deliveries"),
              reason: letter["reason"] === null ? null : textOf(letter, "reason"),
              died_at: instantOf(letter, "died_at"),
              claimed_by: textOf(letter, "claimed_by"),
            },
          ];
        });
        return { status: 200, body: { items, next_cursor: next === null ? null : String(next) } };
      },
    }),
    operation({
      name: "queueRequeue",
      method: "POST",
      path: "/v1/queues/{queue}/requeue",
      summary: "Make dead letters ready again, with all their deliveries",
      params: { queue: queueParam },
      body: {
        history_ids: described(
          optional(listOf(whole(1, Number.MAX_SAFE_INTEGER), limits.frameItemsMax)),
          "Which ones; absent: all",
        ),
      },
      bodyOptional: true,
      answers: [{ status: 200, description: "How many", body: requeued }],
      errors: queueErrors,
      async handle({ params, body }) {
        const frame = { type: "queue_requeue", seqs: body.history_ids ?? null };
        const answer = await askOfQueue(link, queueName(params.queue), frame);
        return { status: 200, body: { requeued: countOf(answer, "requeued") } };
      },
    }),
    ...leaseRoutes(link, messagesOf, parts.leasedFiles),
  ];
}

function viewOf(info: Record<string, unknown>, state: MembershipState | null): QueueView {
  const counts = info["counts"];
  if (!isRecord(counts)) throw unreadable("counts");
  const name = textOf(info, "name");
  // It is typed into shells as it is shown.
  if (!isName(name)) throw unreadable("name");
  return {
    name,
    address: `queue:${name}`,
    created_by: textOf(info, "created_by"),
    created_at: instantOf(info, "created_at"),
    deliveries_max: countOf(info, "deliveries_max"),
    unsealed: info["unsealed"] === true && (state === null || state.opened.get(`queue:${name}`) === true),
    messages: {
      ready: countOf(counts, "ready"),
      delayed: countOf(counts, "delayed"),
      leased: countOf(counts, "leased"),
      dead: countOf(counts, "dead"),
    },
  };
}
