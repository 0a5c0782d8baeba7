import type { DaemonFrame } from "../../protocol/frames.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { parseDaemonFrame } from "../../protocol/frame-check.ts";
import { onAck } from "./frames/ack.ts";
import { onClaimCancel } from "./frames/claim-cancel.ts";
import { onClaim } from "./frames/claim.ts";
import { onConcurrency } from "./frames/concurrency.ts";
import { onError } from "./frames/error.ts";
import { onExtend } from "./frames/extend.ts";
import { onEpochCreate } from "./frames/epoch-create.ts";
import { onEpochWraps } from "./frames/epoch-wraps.ts";
import type { FrameHandler } from "./frames/frame-handler.ts";
import { onHistory } from "./frames/history.ts";
import { onKeys } from "./frames/keys.ts";
import { onKeysHeld } from "./frames/keys-held.ts";
import { onKeysWanted } from "./frames/keys-wanted.ts";
import { onKeysAnnounce } from "./frames/keys-announce.ts";
import { onKeysAnnounced } from "./frames/keys-announced.ts";
import { onKick } from "./frames/kick.ts";
import { onMembers } from "./frames/members.ts";
import { onMembershipAppend } from "./frames/membership-append.ts";
import { onMembership } from "./frames/membership.ts";
import { onNack } from "./frames/nack.ts";
import { onMentions } from "./frames/mentions.ts";
import { onPresence } from "./frames/presence.ts";
import { onPushAck } from "./frames/push-ack.ts";
import { onQueueCreate } from "./frames/queue-create.ts";
import { onQueueDead } from "./frames/queue-dead.ts";
import { onQueueDelete } from "./frames/queue-delete.ts";
import { onQueueRequeue } from "./frames/queue-requeue.ts";
import { onQueues } from "./frames/queues.ts";
import { onReach } from "./frames/reach.ts";
import { onReceipt } from "./frames/receipt.ts";
import { onReply } from "./frames/reply.ts";
import { onSend } from "./frames/send.ts";
import { onSubscribe } from "./frames/subscribe.ts";
import { onTopicCreate } from "./frames/topic-create.ts";
import { onTopicMembers } from "./frames/topic-members.ts";
import { onTopics } from "./frames/topics.ts";
import { onUnsubscribe } from "./frames/unsubscribe.ts";
import { onVoid } from "./frames/void.ts";
import { onWrapRefused } from "./frames/wrap-refused.ts";
import type { LinkParts } from "./link-parts.ts";
import type { LiveLink } from "./live-link.ts";
import { errorFrame } from "./outgoing.ts";

type TrafficFrame = Exclude<DaemonFrame, { type: "hello" }>;

/** The one place that knows which frames a live link takes. */
const handlers: { readonly [T in TrafficFrame["type"]]: FrameHandler<Extract<TrafficFrame, { type: T }>> } = {
  send: onSend,
  push_ack: onPushAck,
  void: onVoid,
  receipt: onReceipt,
  members: onMembers,
  topics: onTopics,
  topic_members: onTopicMembers,
  topic_create: onTopicCreate,
  subscribe: onSubscribe,
  unsubscribe: onUnsubscribe,
  history: onHistory,
  mentions: onMentions,
  keys: onKeys,
  epoch_create: onEpochCreate,
  epoch_wraps: onEpochWraps,
  keys_wanted: onKeysWanted,
  wrap_refused: onWrapRefused,
  keys_held: onKeysHeld,
  membership: onMembership,
  membership_append: onMembershipAppend,
  kick: onKick,
  presence: onPresence,
  concurrency: onConcurrency,
  reach: onReach,
  keys_announce: onKeysAnnounce,
  keys_announced: onKeysAnnounced,
  queues: onQueues,
  queue_create: onQueueCreate,
  queue_delete: onQueueDelete,
  queue_dead: onQueueDead,
  queue_requeue: onQueueRequeue,
  claim: onClaim,
  claim_cancel: onClaimCancel,
  ack: onAck,
  nack: onNack,
  extend: onExtend,
  reply: onReply,
  error: onError,
};

/**
 * Handles one frame; `done` is called once, when nothing of it is pending. A type that is not known is answered with
 * an error and ignored, so that a newer daemon can try; anything else that cannot be read throws protocol_error.
 */
export function handleFrame(text: string, link: LiveLink, parts: LinkParts, done: () => void): void {
  const frame = readFrame(text, link, parts);
  if (frame === null) return done();
  if (frame.type === "hello") throw new ClaudemeshError("protocol_error", "the link is open already");
  dispatch(frame, link, parts, done);
}

function dispatch<T extends TrafficFrame["type"]>(
  frame: Extract<TrafficFrame, { type: T }>,
  link: LiveLink,
  parts: LinkParts,
  done: () => void,
): void {
  const handler: FrameHandler<Extract<TrafficFrame, { type: T }>> = handlers[frame.type as T];
  handler(frame, link, parts, done);
}

function readFrame(text: string, link: LiveLink, parts: LinkParts): DaemonFrame | null {
  try {
    return parseDaemonFrame(text);
  } catch (thrown) {
    if (!(thrown instanceof ClaudemeshError) || thrown.details["unknown_type"] === undefined) throw thrown;
    parts.metrics.framesUnknown.inc();
    const { id } = thrown.details;
    link.send(errorFrame(thrown, typeof id === "number" ? id : undefined));
    return null;
  }
}
