/** Bounds of the MCP server: what it hands to a context window, and what it does at once. */
export const mcpLimits = {
  /** Characters of one result's text; what is longer is cut with a pointer to the rest. */
  resultCharsMax: 12_000,
  /** Of each message, where several are shown to choose from. */
  excerptCharsMax: 300,
  /** Messages of one answer of `search`, and by default. */
  searchItemsMax: 10,
  searchItems: 5,
  /** Members, topics and queues of one answer of `peers`. */
  peersShownMax: 50,
  /** Characters of an error's text. */
  errorCharsMax: 2_000,
  /** Tool calls of one client that run at once; the next is refused. */
  callsInFlightMax: 32,
  /** Answers that are remembered by their idempotency key, the oldest forgotten first. */
  answersKeptMax: 256,
  /** Bytes of one line of a client: more than the largest body, escaped, with all that stands around it. */
  lineBytesMax: 16_777_216,
  /** Seconds that one call waits for a receipt, or for work: below what clients give a request. */
  waitSecondsMax: 30,
  /** How long the answer to `initialize` waits for the daemon, whose word on the agent's name is in it. */
  greetingMs: 150,
  /** For telling the daemon, at the end, that the session has ended. */
  farewellMs: 1_000,
  /** For what is still on its way out when the client closes its end. */
  flushMs: 250,
  /** For telling the daemon that a result was sent, or was not. */
  afterwardsMs: 5_000,
  /** Between two looks of a channel for a daemon that is away. */
  channelBackoff: { baseMs: 250, capMs: 10_000 },
} as const;
