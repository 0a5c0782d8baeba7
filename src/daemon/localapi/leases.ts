import { operation, type Route } from "../../http/route.ts";
import { described, optional, text, whole } from "../../http/shape.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import type { ClaimedMessage, LeaseEnded, LeaseExtended } from "../../protocol/local-api.ts";
import type { LeasedFiles } from "../files/leased-files.ts";
import type { Link } from "../parts.ts";
import { claimed, leaseEnded, leaseExtended } from "./answers/queues.schema.ts";
import {
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
import { refuseControl } from "../../http/message-content.ts";
import type { QueueMessagesOf } from "./queue-message.ts";

const lease = described(text({ charsMax: 64 }), "Of the claim that the message came by");
const leaseSeconds = described(
  optional(whole(limits.leaseMsMin / 1_000, limits.leaseMsMax / 1_000)),
  "Seconds from now until the message is given to somebody else",
  { default: limits.leaseMs / 1_000 },
);
const leaseMs = (seconds: number | undefined): number => (seconds === undefined ? limits.leaseMs : seconds * 1_000);

/** Work under a lease. Claimed messages are handed to the caller and stay out of the inbox and its deduplication. */
export function leaseRoutes(link: Link, messagesOf: QueueMessagesOf, leasedFiles: LeasedFiles): readonly Route[] {
  const params = { queue: queueParam };
  let waiting = 0;

  async function claim(
    queue: string,
    frame: { readonly limit: number; readonly lease_ms: number; readonly wait_ms: number },
    gone: AbortSignal,
  ): Promise<ClaimedMessage[]> {
    const answer = await askOfQueue(link, queue, { type: "claim", ...frame }, gone);
    const records = recordsOf(answer, "messages");
    const shown = await messagesOf(records.map(itemOf), queue);
    const messages = records.flatMap((record, index): ClaimedMessage[] => {
      const message = shown[index];
      if (message === undefined) return [];
      const lease_until = instantOf(record, "lease_until");
      const lease_id = textOf(record, "lease_id");
      // Nobody is to work on what cannot be read: another consumer may have the key, or this one later.
      if (message.sealedFrom !== null) void giveBack(queue, lease_id, message.sealedFrom);
      if (message.attachments.length > 0)
        leasedFiles.keep({ queue, leaseId: lease_id }, message.attachments, frame.lease_ms);
      return [{ ...message.shown, lease_id, lease_until, deliveries: countOf(record, "deliveries") }];
    });
    // Leased before the broker heard that the caller is gone. Should this fail, the lease runs out.
    if (gone.aborted)
      for (const { lease_id } of messages) void giveBack(queue, lease_id, "its consumer went away before it had it");
    return messages;
  }

  async function giveBack(queue: string, lease_id: string, reason: string): Promise<void> {
    leasedFiles.drop(lease_id);
    const frame = { type: "nack", queue, lease_id, delay_ms: 0, reason: reason.slice(0, limits.nackReasonCharsMax) };
    await link.request(frame).catch(() => undefined);
  }

  return [
    operation({
      name: "queueClaim",
      method: "POST",
      path: "/v1/queues/{queue}/claim",
      summary: "Take messages of a queue under a lease, the longest accepted first; with `wait_s` once there are some",
      params,
      body: {
        limit: described(optional(whole(1, limits.claimItemsMax)), "Messages at most", { default: 1 }),
        lease_s: leaseSeconds,
        wait_s: described(optional(whole(0, limits.claimWaitMsMax / 1_000)), "Seconds to wait for the first", {
          default: 0,
        }),
      },
      bodyOptional: true,
      answers: [{ status: 200, description: "What there was; none: nothing came in time", body: claimed }],
      errors: queueErrors,
      async handle({ params: { queue }, body, gone }) {
        const wait_ms = (body.wait_s ?? 0) * 1_000;
        const frame = { limit: body.limit ?? 1, lease_ms: leaseMs(body.lease_s), wait_ms };
        if (wait_ms === 0) return { status: 200, body: { items: await claim(queueName(queue), frame, gone()) } };
        // Each holds a place among the requests in flight, which sends need too.
        if (waiting >= limits.localClaimsWaitingMax)
          throw new ClaudemeshError("daemon_busy", `${waiting} claims wait already`, {
            hint: "claim without wait_s, or with fewer callers and a greater limit",
          });
        waiting += 1;
        try {
          return { status: 200, body: { items: await claim(queueName(queue), frame, gone()) } };
        } finally {
          waiting -= 1;
        }
      },
    }),
    operation({
      name: "queueAck",
      method: "POST",
      path: "/v1/queues/{queue}/ack",
      summary: "Say that a claimed message is done with; again with the same lease: the same answer",
      params,
      body: { lease_id: lease },
      answers: [{ status: 200, description: "Nobody gets it again", body: leaseEnded }],
      errors: [...queueErrors, "lease_lost"],
      async handle({ params: { queue }, body }) {
        const answer = await askOfQueue(link, queueName(queue), { type: "ack", lease_id: body.lease_id });
        leasedFiles.drop(body.lease_id);
        const ended: LeaseEnded = { history_id: countOf(answer, "seq"), state: "done", available_at: null };
        return { status: 200, body: ended };
      },
    }),
    operation({
      name: "queueNack",
      method: "POST",
      path: "/v1/queues/{queue}/nack",
      summary: "Give a claimed message back; after its last delivery it is a dead letter",
      params,
      body: {
        lease_id: lease,
        delay_s: described(optional(whole(0, limits.nackDelayMsMax / 1_000)), "Seconds until it can be claimed again", {
          default: 0,
        }),
        reason: described(optional(text({ charsMax: limits.nackReasonCharsMax })), "Shown with a dead letter"),
      },
      answers: [{ status: 200, description: "What became of it", body: leaseEnded }],
      errors: [...queueErrors, "lease_lost", "control_character"],
      async handle({ params: { queue }, body }) {
        const { lease_id, delay_s = 0, reason = null } = body;
        if (reason !== null) refuseControl(reason, "reason");
        const frame = { type: "nack", lease_id, delay_ms: delay_s * 1_000, reason };
        const answer = await askOfQueue(link, queueName(queue), frame);
        leasedFiles.drop(lease_id);
        const state = answer["state"];
        if (state !== "ready" && state !== "dead") throw unreadable("state");
        const ended: LeaseEnded = {
          history_id: countOf(answer, "seq"),
          state,
          available_at: state === "dead" ? null : instantOf(answer, "available_at"),
        };
        return { status: 200, body: ended };
      },
    }),
    operation({
      name: "queueExtend",
      method: "POST",
      path: "/v1/queues/{queue}/extend",
      summary: "Keep a claimed message for longer; a lease is never made shorter",
      params,
      body: { lease_id: lease, lease_s: leaseSeconds },
      answers: [{ status: 200, description: "The lease as it is now", body: leaseExtended }],
      errors: [...queueErrors, "lease_lost"],
      async handle({ params: { queue }, body }) {
        const frame = { type: "extend", lease_id: body.lease_id, lease_ms: leaseMs(body.lease_s) };
        const answer = await askOfQueue(link, queueName(queue), frame);
        leasedFiles.extend(body.lease_id, frame.lease_ms);
        const extended: LeaseExtended = {
          history_id: countOf(answer, "seq"),
          lease_until: instantOf(answer, "lease_until"),
        };
        return { status: 200, body: extended };
      },
    }),
  ];
}
