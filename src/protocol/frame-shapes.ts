import { isRecord } from "./feature-schemas.ts";
import { isMemberId, isUuidV7, isWireId } from "./ids.ts";
import { limits } from "./limits.ts";

/** Tests of a frame's fields, by name. */
export type Shape = Readonly<Record<string, (value: unknown) => boolean>>;

const earlierPositionsMax = 16;
const textCharsMax = 4_096;

const text = (value: unknown) => typeof value === "string" && value.length <= textCharsMax;
const name = (value: unknown) => typeof value === "string" && value.length >= 1 && value.length <= limits.nameCharsMax;
/** Others are shown it. */
const agent = (value: unknown) => name(value) && /^[a-z0-9][a-z0-9._-]*$/.test(String(value));
const agents = (value: unknown) => listOf(agent, limits.agentsToldMax)(value);
const agentsKnown = (value: unknown) => record({ former: agents, online: agents })(value);
const memberId = (value: unknown) => typeof value === "string" && isMemberId(value);
const integer = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;
const orNull = (test: (value: unknown) => boolean) => (value: unknown) => value === null || test(value);
const orAbsent = (test: (value: unknown) => boolean) => (value: unknown) => value === undefined || test(value);
const listOf = (test: (value: unknown) => boolean, max: number) => (value: unknown) =>
  Array.isArray(value) && value.length <= max && value.every(test);
const nonEmpty = (test: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.length > 0 && test(value);
const record = (shape: Shape) => (value: unknown) =>
  isRecord(value) && Object.entries(shape).every(([field, test]) => test(value[field]));
const within = (min: number, max: number) => (value: unknown) =>
  integer(value) && Number(value) >= min && Number(value) <= max;
const atLeast = (min: number) => within(min, Number.MAX_SAFE_INTEGER);
const leaseMs = within(limits.leaseMsMin, limits.leaseMsMax);
const reason = (value: unknown) => typeof value === "string" && value.length <= limits.nackReasonCharsMax;
const flag = (value: unknown) => typeof value === "boolean";
const anything = () => true;

const position = record({ epoch: integer, seq: integer, broker_message_id: text, incarnation: text, mac: text });
const offer = record({
  versions: nonEmpty(listOf(within(1, Number.MAX_SAFE_INTEGER), limits.featureVersionsMax)),
  holds: orAbsent(listOf(name, limits.featureItemsMax)),
});
const offers = (value: unknown): value is Record<string, unknown> =>
  isRecord(value) && Object.entries(value).every(([feature, one]) => /^[a-z0-9_]{1,64}$/.test(feature) && offer(one));
/** Each feature is in one of the two. */
const asked = (value: unknown): boolean => {
  if (!isRecord(value)) return false;
  const { require, optional } = value;
  if (!offers(require) || !offers(optional)) return false;
  const names = [...Object.keys(require), ...Object.keys(optional)];
  return names.length <= limits.featuresMax && new Set(names).size === names.length;
};
const request = { id: integer };
const receipt = record({
  client_message_id: (value) => typeof value === "string" && isWireId(value),
  request_fingerprint: memberId,
  state: (value) => value === "delivered" || value === "injected" || value === "read" || value === "undecryptable",
  at: text,
});
const receiptGroup = record({
  to: memberId,
  from: memberId,
  items: listOf(receipt, limits.frameItemsMax),
  signature: text,
});
const receipts: Shape = { ...request, groups: listOf(receiptGroup, limits.frameItemsMax) };
const reply: Shape = { ...request, result: anything };
const error: Shape = { id: orAbsent(integer), code: text, message: text, retryable: flag, closes: flag };
const log = record({
  epoch: integer,
  head: integer,
  breaks: listOf(record({ epoch: integer, prefix: integer, detected_at: text }), 10_000),
});

/** What a broker accepts. One line a frame. */
export const daemonShapes: Readonly<Record<string, Shape>> = {
  hello: {
    mesh_id: (value) => typeof value === "string" && isUuidV7(value),
    member_id: memberId,
    key_id: memberId,
    instance_id: text,
    previous_instance_id: orNull(text),
    position: orNull(position),
    earlier_positions: listOf(position, earlierPositionsMax),
    agents,
    agents_told: orAbsent(agentsKnown),
    client: record({ name: text, version: text }),
    host_print: orNull(text),
    clone_suspected: orAbsent((value) => value === "host_id" || value === "wired_address"),
    certificate_print: orAbsent(orNull(memberId)),
    features: asked,
    ephemeral: orAbsent(flag),
    signature: text,
  },
  send: { ...request, items: listOf(anything, limits.frameItemsMax) },
  push_ack: { acks: listOf(record({ destination: text, seq: integer }), limits.frameItemsMax) },
  void: { ...request, items: listOf((value) => typeof value === "string" && isWireId(value), limits.frameItemsMax) },
  receipt: receipts,
  members: request,
  topics: request,
  topic_members: { ...request, topic: name },
  topic_create: { ...request, name },
  subscribe: { ...request, topic: name },
  unsubscribe: { ...request, topic: name },
  membership: { ...request, after: (value) => value === -1 || integer(value) },
  membership_append: { ...request, entry: isRecord },
  kick: { ...request, member_id: memberId, for_ms: within(0, limits.kickMsMax) },
  // Which policies there are is for the handler: a word that it does not know is refused, and the link goes on.
  concurrency: { ...request, policy: orNull(name) },
  reach: { ...request, authority: orNull(text) },
  keys_announce: { ...request, x25519_pubkey: memberId, proof: text },
  keys_announced: request,
  keys: { ...request, after: integer },
  epoch_create: { ...request, record: isRecord, wraps: listOf(isRecord, limits.wrapsMax) },
  epoch_wraps: { ...request, wraps: listOf(isRecord, limits.wrapsMax) },
  keys_wanted: request,
  wrap_refused: { ...request, epoch_id: memberId, sealed_to: memberId },
  keys_held: { ...request, epoch_ids: listOf(memberId, limits.epochsAskedMax) },
  queues: { ...request, queue: orNull(name), counts: flag },
  queue_create: { ...request, name, deliveries_max: within(1, limits.queueDeliveriesMax) },
  queue_delete: { ...request, queue: name, force: flag },
  queue_dead: { ...request, queue: name, after_seq: integer, limit: integer },
  queue_requeue: { ...request, queue: name, seqs: orNull(listOf(integer, limits.frameItemsMax)) },
  claim: {
    ...request,
    queue: name,
    limit: within(1, limits.claimItemsMax),
    lease_ms: leaseMs,
    wait_ms: within(0, limits.claimWaitMsMax),
  },
  claim_cancel: { claim: integer },
  ack: { ...request, queue: name, lease_id: text },
  nack: {
    ...request,
    queue: name,
    lease_id: text,
    delay_ms: within(0, limits.nackDelayMsMax),
    reason: orNull(reason),
  },
  extend: { ...request, queue: name, lease_id: text, lease_ms: leaseMs },
  presence: { ...request, agents, agents_told: orNull(agentsKnown) },
  history: { ...request, address: text, before_seq: orNull(integer), limit: integer },
  mentions: { ...request, before_seq: orNull(integer), limit: integer },
  reply,
  error,
};

/** What a daemon accepts. One line a frame. */
export const brokerShapes: Readonly<Record<string, Shape>> = {
  challenge: { nonce: text, broker_id: text, server_time: text, signature: text },
  hello_ack: {
    connection_id: text,
    link_epoch: integer,
    receives: orAbsent(flag),
    mesh: record({ mesh_id: text, slug: text }),
    member: record({ member_id: memberId, name }),
    // Whatever it is, the negotiation judges it: what is wrong with it has close codes of its own.
    features: anything,
    limits: record({ inline_bytes: atLeast(1_024), frame_bytes: atLeast(1_024), frame_items: atLeast(1) }),
    log,
    membership: orAbsent(orNull(record({ n: integer, hash: memberId }))),
  },
  send_ack: { ...request, items: listOf(record({ status: integer, client_message_id: text }), limits.frameItemsMax) },
  push: {
    items: listOf(
      record({
        destination: text,
        seq: integer,
        epoch: integer,
        broker_message_id: text,
        accepted_at: text,
        position,
        envelope: orNull(isRecord),
      }),
      limits.frameItemsMax,
    ),
  },
  void_ack: { ...request, items: listOf(record({ client_message_id: text, status: text }), limits.frameItemsMax) },
  receipt: receipts,
  notices: { ...request, items: listOf(record({ kind: text }), limits.frameItemsMax) },
  reply,
  event: { event: text },
  error,
};
