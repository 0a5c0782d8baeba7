import { limits as wireLimits } from "../protocol/limits.ts";

/** Every bound of a broker, with its default. Those that both sides know come from protocol/limits.ts. */
export const defaultBrokerLimits = {
  inlineBytes: wireLimits.inlineBytes as number,
  frameBytesMax: wireLimits.frameBytesMax as number,
  frameItemsMax: wireLimits.frameItemsMax as number,
  pushWindowItems: wireLimits.pushWindowItems as number,
  pushWindowBytes: wireLimits.pushWindowBytes as number,
  acceptBatchMax: wireLimits.acceptBatchMax as number,
  /** Accept transactions of all meshes at once. */
  acceptBatchesMax: 64,
  acceptQueueMax: wireLimits.acceptQueueMax as number,
  /** Sealed bytes waiting for their accept transaction, per mesh. */
  acceptQueueBytesMax: 67_108_864,
  pingIntervalMs: wireLimits.pingIntervalMs as number,
  silenceMs: wireLimits.silenceMs as number,
  presenceLeaseMs: wireLimits.presenceLeaseMs as number,
  /** After the end of its last lease an ephemeral member is forgotten. */
  ephemeralKeptMs: 600_000,
  /** From the upgrade to a verified hello. */
  openingMs: 10_000,
  /** Connections that have not proven who they are. */
  openingsMax: 256,
  linksMax: 10_000,
  /** TCP connections of the public port. */
  connectionsMax: 10_512,
  /** Frames of one link being worked on; beyond it the socket is not read. */
  linkFramesInFlightMax: 1_024,
  /**
   * Requests of one link worked on at once; further ones wait their turn. All links share few connections to the store: one
   * member that asks a thousand things would otherwise stand before everybody else of the broker.
   */
  linkRequestsMax: 8,
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
  /** One reading of what other brokers have committed, for all links of a mesh. */
  followItemsMax: 512,
  followBytesMax: 4_194_304,
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
  /** After which a link is told anew what is kept, where it was said to be another daemon's of the member. */
  receiptsAgainMs: 60_000,
  /** Rate limits, messages per second and burst. */
  memberRate: 1_000,
  memberBurst: 5_000,
  meshRate: 5_000,
  meshBurst: 20_000,
  /** Ids that may be retried at no cost; the oldest give way. */
  limiterMemosMax: 100_000,
  /** Claims of one link that wait for a message. */
  linkClaimsWaitingMax: 64,
  /** A claim that waits looks again at the latest after this: what another broker's word of it was lost is found so. */
  claimRecheckMs: 5_000,
  /** News of keys that are read at once, and destinations of which one member may lack keys when it comes. */
  keyChangesMax: 256,
  /** Of a broker's members that have a key which somebody lacks, those who are asked for it. */
  keyHoldersAskedMax: 3,
  /** Rows of a queue in one transaction of its deletion, and dead letters in one of making them ready. */
  queueRowsMax: 500,
  /** Queues that metrics tell of, over all meshes. */
  queueMetricsMax: 200,
  /** How often a broker of several looks for what a lost wake-up may have hidden, and extends its lease. */
  sweepMs: 3_000,
  /** How often the store is told that a link is closed, a sweep's time apart, while it does not answer. */
  closedLinkTriesMax: 20,
  /** For a link that only sent, to come back as the receiving one; then the next is called. */
  successorMs: 10_000,
  brokerLeaseMs: 15_000,
  /** Links looked at by one statement of a sweep. */
  sweepLinksMax: 2_000,
  /** One message between brokers. */
  busMessageBytesMax: 1_048_576,
  /** Published and not yet confirmed by Redis; beyond it the sweeps of the others find what was said. */
  busBytesInFlightMax: 16_777_216,
  /** For Redis to decide one batch; then this broker decides it by itself. */
  limiterDeadlineMs: 250,
  /** Until Redis is asked again after it failed: full jitter up to a bound that doubles from the first to the second. */
  limiterProbeBaseMs: 500,
  limiterProbeCapMs: 2_000,
  /** How long after its commit an id stays remembered in Redis, for another broker that looked it up just before. */
  limiterForgetMs: 5_000,
  /** Committed batches that wait to be forgotten; the oldest give way and end with their time to live. */
  limiterForgetBatchesMax: 4_096,
  redisConnectMs: 2_000,
  /** A command that Redis leaves unanswered for so long ends the connection. */
  redisSilenceMs: 5_000,
  redisPingMs: 10_000,
  redisReconnectBaseMs: 100,
  redisReconnectCapMs: 5_000,
  /** Entries of membership chains whose meaning is kept in memory, over all meshes; the least lately used chain gives way. */
  membershipCachedEntriesMax: 1_000_000,
  /** Appends to one mesh's chain that wait for their turn. */
  membershipAppendsMax: 64,
  membershipEntryBytesMax: 32_768,
  /** One page of a chain. */
  membershipPageBytesMax: 1_048_576,
  /** Entries that are handed in over HTTP. */
  membershipBodyBytesMax: 262_144,
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
  /** How far the time in a request for a blob may lie from the broker's. */
  blobRequestSkewMs: wireLimits.clockSkewMs as number,
  /** Who began to put or to remove a blob and has not ended it after so long is gone. */
  blobClaimMs: 600_000,
  /** The largest file, before it is sealed. */
  fileBytesMax: wireLimits.fileBytes as number,
  /** All blobs of one mesh. */
  meshFileBytesMax: 10_737_418_240,
  s3RequestMs: 30_000,
  s3ConnectMs: 5_000,
  s3TriesMax: 3,
  s3ConnectionsMax: 32,
} satisfies Record<string, number>;

/** Members that have expired which one answer names, those who were there last. */
export const expiredShownMax = 1_000;

/** Requests for blobs under way at once at one listener. */
export const blobsInFlightMax = 32;
/** Of one member; its daemon has six connections for them. */
export const blobsInFlightOfMemberMax = 8;

export type BrokerLimits = typeof defaultBrokerLimits;

/** Where a commit does not block the event loop, as the embedded store's does, larger batches share it. */
export const databaseBrokerLimits = {
  acceptBatchMax: 256,
  /** One fewer than there are connections for them: the look-up of the next batch finds one free. */
  acceptBatchesMax: 3,
} as const satisfies Partial<BrokerLimits>;
