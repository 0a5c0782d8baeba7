import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { fingerprintPrefix } from "../../protocol/fingerprint.ts";
import type { BrokerMetrics } from "../metrics.ts";
import type { DedupeRecord } from "../store/store.ts";
import type { QueuedItem } from "./mesh-queue.ts";

/** Known ids cost a member nothing, so it can send as many as it likes: the counter has all, the log no more than this. */
const linesMax = 20;
const everyMs = 60_000;

/** Counts and logs ids that were sent again with other bytes than their record holds. Prefixes only: a whole fingerprint can be searched for. */
export function createMismatches({
  clock,
  log,
  metrics,
}: {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: BrokerMetrics;
}): (item: Pick<QueuedItem, "envelope" | "fingerprint" | "link">, record: DedupeRecord) => void {
  let since = Number.NEGATIVE_INFINITY;
  let lines = 0;
  let untold = 0;
  return ({ envelope, fingerprint, link }, record) => {
    metrics.dedupeMismatch.inc({ mesh: link.meshId, version: record.fingerprint_version });
    const now = clock.now();
    if (now - since >= everyMs || now < since) {
      since = now;
      lines = 0;
    }
    if (lines >= linesMax) {
      untold += 1;
      return;
    }
    lines += 1;
    log.warn(
      {
        mesh_id: link.meshId,
        member_id: link.memberId,
        client_message_id: record.client_message_id,
        own_record: record.sender === link.memberId,
        broker_fingerprint_prefix: fingerprintPrefix(record.request_fingerprint),
        broker_fingerprint_version: record.fingerprint_version,
        // Of what was sent, in its own version; the two are compared in the record's.
        sent_fingerprint_prefix: fingerprintPrefix(fingerprint),
        sent_fingerprint_version: envelope.version,
        ...(untold === 0 ? {} : { untold }),
      },
      "an id was sent again with other bytes than those that were committed under it",
    );
    untold = 0;
  };
}
