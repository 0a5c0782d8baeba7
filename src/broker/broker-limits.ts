import { limits as wireLimits } from "../protocol/limits.ts";

/** Every bound of a broker, with its default. Those that both sides know come from protocol/limits.ts. */
export const defaultBrokerLimits = {
  inlineBytes: wireLimits.inlineBytes as number,
  frameBytesMax: wireLimits.frameBytesMax as number,
  frameItemsMax: wireLimits.frameItemsMax as number,
  pushWindowItems: wireLimits.pushWindowItems as number,
  pushWindowBytes: wireLimits.pushWindowBytes as number,
  acceptBatchMax: wireLimits.acceptBatchMax as number,
  acceptQueueMax: wireLimits.acceptQueueMax as number,
  /** Sealed bytes waiting for their accept transaction, per mesh. */
  acceptQueueBytesMax: 67_108_864,
  pingIntervalMs: wireLimits.pingIntervalMs as number,
  silenceMs: wireLimits.silenceMs as number,
  presenceLeaseMs: wireLimits.presenceLeaseMs as number,
  /** From the upgrade to a verified hello. */
  openingMs: 10_000,
  /** Connections that have not proven who they are. */
  openingsMax: 256,
  linksMax: 10_000,
  /** TCP connections of the public port. */
  connectionsMax: 10_512,
  /** Frames of one link being worked on; beyond it the socket is not read. */
  linkFramesInFlightMax: 1_024,
  /** Bytes written to a link and not yet taken by its socket; beyond it the link is a slow consumer. */
  linkBufferedBytesMax: 33_554_432,
  /** Between a close frame and cutting the socket. */
  closeGraceMs: 2_000,
  /** For a graceful stop: half for the batches under way, half for closing the links. */
  stopMs: 8_000,
  /** Destinations of one link with a refusal to be resent. */
  behindDestinationsMax: 4_096,
  /** Newest messages kept in memory per mesh, so that a commit is not read back per subscriber. */
  tailItemsMax: 8_192,
  tailBytesMax: 16_777_216,
  /** Pause before a failed read of the log is tried again. */
  pumpRetryMs: 500,
  /** Topic messages of one mesh whose progress is still told to their senders; the oldest give way. */
  progressMessagesMax: 10_000,
  /** Receipts and notices that one link was told and has not confirmed. */
  linkAsksMax: 64,
  /** For a daemon to confirm what it was told; then it is kept for later. */
  askReplyMs: 5_000,
  /** Receipts kept for one sender that is offline; the oldest give way. */
  receiptsKeptMax: 10_000,
  /** Rate limits, messages per second and burst. */
  memberRate: 1_000,
  memberBurst: 5_000,
  meshRate: 5_000,
  meshBurst: 20_000,
  /** Ids that may be retried at no cost; the oldest give way. */
  limiterMemosMax: 100_000,
  adminBodyBytesMax: 65_536,
  publicBodyBytesMax: 16_384,
  /** A message of a direct caller: the largest body as text with half of it escaped, or as base64url, and its meta. */
  directBodyBytesMax: 262_144,
  /** Refused API keys of one address, per second and at once; then it is not looked whether its keys are right. */
  keyFailureRate: 1,
  keyFailureBurst: 30,
  /** Addresses whose refused keys are counted; the oldest give way. */
  keyFailureAddressesMax: 10_000,
  /** Keys that were right lately, which pass although their address is over that limit. */
  provenKeysMax: 10_000,
  /** Between two notes of when a key was last used. */
  keyUseNotedMs: 3_600_000,
} satisfies Record<string, number>;

export type BrokerLimits = typeof defaultBrokerLimits;
