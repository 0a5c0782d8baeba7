/** Limits that both sides of a wire know. Negotiated ones are defaults here and travel in hello_ack. */
export const limits = {
  /** Sealed body bytes in one envelope, default of the negotiated `max_payload.inline_bytes`. */
  inlineBytes: 65_536,
  /** One blob: a sealed piece of a file of at most 1 MiB, or the sealed index of one. */
  blobBytesMax: 1_114_112,
  /** How far the time in a request for a blob may lie from the broker's. */
  clockSkewMs: 300_000,
  /** The largest file, default of the negotiated `max_payload.blob_bytes`. */
  fileBytes: 1_073_741_824,
  /** The largest file there can be: the sealed ids of its pieces fit into one blob. */
  fileBytesMax: 10_737_418_240,
  /** Canonical meta, bytes of UTF-8. */
  metaBytesMax: 8_192,
  metaDepthMax: 16,
  mentionsMax: 64,
  /** Files of one message. */
  attachmentsMax: 32,
  attachmentNameBytesMax: 255,
  clientMessageIdCharsMax: 96,
  nameCharsMax: 64,
  contentTypeCharsMax: 128,
  /** One frame of the link, bytes. */
  frameBytesMax: 4_194_304,
  /** Envelopes in one `send` frame and items in one `push` frame. */
  frameItemsMax: 256,
  /** Pushed and not yet acknowledged, per link. */
  pushWindowItems: 512,
  pushWindowBytes: 8_388_608,
  /** Messages of one accept transaction of the embedded store. */
  acceptBatchMax: 128,
  /** Envelopes waiting in a broker for their accept transaction, per mesh. */
  acceptQueueMax: 8_192,
  pingIntervalMs: 30_000,
  silenceMs: 75_000,
  presenceLeaseMs: 90_000,
  /** Between two words of life of a session: two may be lost before its lease is over. */
  sessionHeartbeatMs: 30_000,
  /** A request on the link that is unanswered after this is given up. */
  requestTimeoutMs: 15_000,
  /** After a change of the local API's token the one before it is still taken for so long. */
  localTokenGraceMs: 60_000,
  localBodyBytesMax: 1_048_576,
  refusedBodyBytesMax: 8_388_608,
  localInFlightMax: 64,
  localStreamsMax: 32,
  pageItemsMax: 1_000,
  cursorCharsMax: 256,
  searchCharsMax: 1_024,
  /** Invites of one mesh that can still be used. */
  invitesOpenMax: 1_000,
  /** Members that one invite may admit. */
  inviteUsesMax: 10_000,
  inviteExpiryMsMax: 31_536_000_000,
  /** Queues of one mesh. */
  queuesMax: 1_000,
  /** Deliveries of a queue's message before it is a dead letter. */
  queueDeliveries: 5,
  queueDeliveriesMax: 100,
  /** Messages of one claim. */
  claimItemsMax: 64,
  leaseMs: 60_000,
  leaseMsMin: 1_000,
  leaseMsMax: 43_200_000,
  /** How long a claim may wait for a message. */
  claimWaitMsMax: 30_000,
  /** Features of one hello, or of one answer to it. */
  featuresMax: 64,
  /** Versions of one feature that are offered. */
  featureVersionsMax: 64,
  /** Members of an object, and items of a list, in the parameters of a feature. */
  featureItemsMax: 64,
  featureTextCharsMax: 256,
  /** Outermost, the parameters themselves, = 1. */
  featureDepthMax: 16,
  /** Until a message that was given back is available again. */
  nackDelayMsMax: 86_400_000,
  nackReasonCharsMax: 256,
  /** Messages of one state of a queue that are counted; where there are more, this is told. */
  queueCountMax: 10_000,
  /** Claims of one daemon's callers that wait at once. */
  localClaimsWaitingMax: 32,
  /** API keys of one mesh that are neither over nor revoked. */
  apiKeysOpenMax: 1_000,
  apiKeyExpiryMsMax: 31_536_000_000,
  apiKeyNameCharsMax: 64,
  /** Destinations that one API key may be limited to. */
  apiKeyDestinationsMax: 64,
  /** How long a member is sent away, where nothing else is said, and at most. */
  kickMs: 600_000,
  kickMsMax: 2_592_000_000,
  /** Entries of one membership chain. */
  membershipEntriesMax: 1_000_000,
  /** Of one page of it. */
  membershipPageMax: 256,
  /** Members that a mesh has ever had. */
  membersMax: 100_000,
  /** Key pairs that one member has ever had. */
  memberKeysMax: 1_000,
  /** Entries of the chain by one member that is no admin, besides its leaving: nobody fills what is everybody's. */
  memberEntriesMax: 1_000,
  /** Members that one member takes direct messages of, where it names them. */
  dmFromMax: 256,
  /** Topics and queues that one member is limited to. */
  grantsMax: 256,
  /** Agents of one member on one host. */
  agentsMax: 1_000,
  /** Of them, and of the names that they had, what the mesh is told. Where there are more, nothing is refused by it. */
  agentsToldMax: 256,
  /** Sessions of agents that are remembered for whoever resumes them. */
  agentSessionsMax: 10_000,
  agentTopicsMax: 64,
  /** Names in one answer that mail waits for and no agent has. */
  agentsUnclaimedMax: 64,
  sessionKindCharsMax: 32,
  sessionIdCharsMax: 128,
  sessionProcessCharsMax: 128,
  sessionPathCharsMax: 4_096,
  sessionTokenCharsMax: 1_024,
  /** Wraps of topic keys in one frame. */
  wrapsMax: 256,
  /** Epochs of one topic or queue. */
  epochsMax: 10_000,
  /** Epochs of one topic or queue that one member makes in an hour: nobody uses up what all have together. */
  memberEpochsPerHourMax: 60,
  /** Members whose wraps of one epoch did not open for one member. */
  wrapRefusalsMax: 64,
  /** Epochs that one frame asks about. */
  epochsAskedMax: 1_024,
  /** Epochs that follow the same one: made at the same moment by several members. */
  epochSiblingsMax: 16,
  /** How long an offer to a session stands without being confirmed. */
  offerLeaseMs: 30_000,
  offerIdCharsMax: 64,
  /** Messages that a session takes at once. */
  offersOfTakeMax: 50,
  /** Characters of all that a session takes at once. */
  offerCharsMax: 1_000_000,
  /** What a session's user put in, as far as it is searched for messages that have arrived. */
  takePromptCharsMax: 100_000,
  /** Until a message that a session gave back is offered again. */
  offerDelayMsMax: 86_400_000,
  offerReasonCharsMax: 256,
  /** Messages that wait for one agent, as far as they are counted. */
  waitingCountMax: 10_000,
  /** Senders that have a policy of their own, for one agent or for all. */
  senderPoliciesMax: 10_000,
  senderPolicyMsMax: 31_536_000_000,
  /** Automatic answers in a row, each to the one before. */
  hopsMax: 8,
  /** The least that a message can be framed in: all that is said of it, and a pointer to its text. */
  frameCharsMin: 2_560,
  /** Characters of the random text in a frame's tags. */
  frameNonceCharsMax: 32,
  /** Wraps of one epoch for one member, each for another key pair of it. */
  wrapsPerMemberMax: 16,
  /** How long the token of a hook's run holds, if the hook runs so long. */
  hookTokenMs: 300_000,
  /** Requests with the token of one run, the refused as well. */
  hookCallsMax: 32,
  /** Of one such request: a body of `inlineBytes` with every character written as an escape. */
  hookCallBytesMax: 524_288,
  hookCallsInFlightMax: 4,
  /** What one run of a hook calls a message of its own. */
  hookKeyCharsMax: 96,
  /** Of what a hook wrote that is shown to its user. */
  hookShownCharsMax: 200,
  /** What a command that answers messages may write as its answer. */
  commandOutputBytesMax: 65_536,
} as const;
