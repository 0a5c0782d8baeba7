import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** What a broker counts. One registry per broker, so that two in one process do not mix. */
export type BrokerMetrics = ReturnType<typeof createBrokerMetrics>;

export function createBrokerMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter<L>({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge<L>({ name, help, labelNames, registers });

  return {
    registry,
    links: gauge("cm_broker_links", "Live links."),
    linksOpened: counter("cm_broker_links_opened_total", "Links that completed their opening."),
    linksClosed: counter("cm_broker_links_closed_total", "Links closed by the broker, by close code.", ["code"]),
    linksClosedByDaemons: counter(
      "cm_broker_links_closed_by_daemons_total",
      "Links that daemons closed with a code of the protocol, by that code.",
      ["code"],
    ),
    openingsRefused: counter("cm_broker_openings_refused_total", "Openings that were not proven or not understood.", [
      "code",
    ]),
    framesUnknown: counter("cm_broker_frames_unknown_total", "Frames of a type this broker does not know."),
    concurrentConnections: counter(
      "cm_broker_concurrent_connection_total",
      "Second links of one member by another instance.",
      ["mesh"],
    ),
    cloneSuspected: counter(
      "cm_broker_clone_suspected_total",
      "Members that came from another host than before, or said to be on a copy of it.",
      ["mesh", "reason"],
    ),
    acceptTotal: counter("cm_broker_accept_total", "Answers to sent envelopes, by status.", ["status"]),
    acceptBatchSize: new Histogram({
      name: "cm_broker_accept_batch_size",
      help: "Envelopes in one accept transaction.",
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
      registers,
    }),
    acceptSeconds: new Histogram({
      name: "cm_broker_accept_seconds",
      help: "One accept batch, from its look-up to its commit.",
      buckets: [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1, 2],
      registers,
    }),
    acceptQueue: gauge("cm_broker_accept_queue", "Envelopes waiting for their accept transaction."),
    dedupeHit: counter("cm_broker_dedupe_hit_total", "Sends whose id was known, by the phase that found it.", [
      "phase",
    ]),
    dedupeMismatch: counter(
      "cm_broker_dedupe_fingerprint_mismatch_total",
      "Known ids sent with another request, by the fingerprint version of their record.",
      ["mesh", "version"],
    ),
    rateLimitRejection: counter("cm_broker_rate_limit_rejection_total", "Sends refused by the rate limit.", ["mesh"]),
    rateLimitConsumedThenRejected: counter(
      "cm_broker_rate_limit_consumed_then_b2_rejected_total",
      "Sends that paid budget and were refused under the lock.",
    ),
    limiterMemoEvicted: counter("cm_broker_rate_limit_memo_evicted_total", "Remembered ids dropped before their time."),
    apiKeysRefused: counter("cm_broker_api_key_refused_total", "Requests of direct callers whose key did not pass.", [
      "reason",
    ]),
    rateLimitFallback: gauge(
      "cm_broker_rate_limit_fallback",
      "1 while this broker limits rates by itself because Redis does not answer.",
    ),
    rateLimitFallbacks: counter(
      "cm_broker_rate_limit_fallback_total",
      "Times that this broker went on without Redis: down, slow or error.",
      ["reason"],
    ),
    behind: counter("cm_broker_behind_total", "Sends held back until an earlier one is resent."),
    pushed: counter("cm_broker_push_total", "Items pushed to links."),
    pushStubs: counter("cm_broker_push_stub_total", "Items whose place was told without the message.", ["reason"]),
    queueDeliveries: counter("cm_broker_queue_deliveries_total", "Messages of queues handed out under a lease.", [
      "mesh",
    ]),
    queueAcks: counter("cm_broker_queue_acks_total", "Messages of queues acknowledged.", ["mesh"]),
    queueDeadLetters: counter(
      "cm_broker_queue_dead_letters_total",
      "Messages of queues that nobody acknowledged in all their deliveries.",
      ["mesh"],
    ),
    receiptsForwarded: counter("cm_broker_receipts_forwarded_total", "Receipts handed to their sender."),
    receiptsRefused: counter(
      "cm_broker_receipts_refused_total",
      "Receipts that were not the link's own, or for nobody in the mesh.",
    ),
    logEpochChanged: counter("cm_broker_log_epoch_changed_total", "Log epochs opened because commits were lost.", [
      "mesh",
    ]),
    busPublished: counter("cm_broker_bus_published_total", "Wake-ups told to other brokers."),
    busHeard: counter("cm_broker_bus_heard_total", "Wake-ups heard from other brokers."),
    busRefused: counter(
      "cm_broker_bus_refused_total",
      "Wake-ups on this deployment's channel that no broker of it made.",
    ),
    busLost: counter(
      "cm_broker_bus_lost_total",
      "Wake-ups that could not be told; sweeps of the others find what they spoke of.",
    ),
    liveBrokers: gauge("cm_broker_live_brokers", "Brokers over this store whose lease has not ended."),
    storeErrors: counter("cm_broker_store_errors_total", "Store calls that failed, by code.", ["code"]),
    orphanCheck: counter("cm_broker_dedupe_orphan_check_total", "Consistency checks run."),
    orphanFound: gauge(
      "cm_broker_dedupe_orphan_found",
      "Dedupe records without message and the reverse, at the last check.",
      ["mesh"],
    ),
    atomicityViolation: gauge(
      "cm_broker_atomicity_violation_found",
      "Rows that one transaction should have written together, at the last check.",
      ["mesh"],
    ),
    blobBytesPut: counter("cm_broker_blob_bytes_put_total", "Bytes of blobs that were kept."),
    blobBytesGot: counter("cm_broker_blob_bytes_got_total", "Bytes of blobs that were handed out."),
    blobsDamaged: counter("cm_broker_blobs_damaged_total", "Blobs whose bytes were found damaged or gone."),
    upkeepRemoved: counter("cm_broker_upkeep_removed_total", "Rows removed by upkeep.", ["job"]),
  };
}
