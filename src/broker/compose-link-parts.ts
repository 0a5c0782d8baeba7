import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { everyFeature, type FeatureVersions } from "../protocol/features.ts";
import type { CommittedMessage } from "./accept/accept-batch.ts";
import { createAccepter } from "./accept/accepter.ts";
import type { FingerprintPolicy } from "./accept/fingerprint-policy.ts";
import { createMismatches } from "./accept/mismatches.ts";
import type { BrokerLimits } from "./broker-limits.ts";
import type { DeploymentKey } from "./deployment-key.ts";
import type { Bus, BusMessage } from "./fleet/bus.ts";
import { createNews } from "./fleet/news.ts";
import type { Limiter } from "./limit/limiter.ts";
import type { DedupeSetting, LinkParts } from "./link/link-parts.ts";
import { createKeyNews } from "./keys/key-news.ts";
import { createMemberTurns } from "./link/member-turns.ts";
import { createPresence } from "./link/presence.ts";
import { createLinkRegistry } from "./link/registry.ts";
import type { Listeners } from "./listen/listeners.ts";
import { createMembership } from "./membership/membership.ts";
import type { BrokerMetrics } from "./metrics.ts";
import { createNotices } from "./route/notices.ts";
import { createProgress } from "./route/progress.ts";
import { createProgressRecovery } from "./route/progress-recovery.ts";
import { routeKey } from "./route/push-entry.ts";
import { collectQueueCounts } from "./route/queue-metrics.ts";
import { createQueues } from "./route/queues.ts";
import { createReceipts } from "./route/receipts.ts";
import { createRouter } from "./route/router.ts";
import type { BrokerStore } from "./store/store.ts";

/** What every link works with, tied together over an open store. Starts nothing. */
export function composeLinkParts(options: {
  readonly store: BrokerStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: BrokerMetrics;
  readonly limits: BrokerLimits;
  readonly limiter: Limiter;
  readonly bus: Bus;
  readonly key: DeploymentKey;
  readonly dedupe: DedupeSetting;
  readonly fingerprints: FingerprintPolicy;
  /** Absent: every feature. */
  readonly features?: FeatureVersions | undefined;
  readonly behindProxy: boolean;
  /** null until the broker listens. */
  readonly listeners: () => Listeners | null;
  /** The store failed in a way that ends the broker. */
  readonly fatal: (error: ClaudemeshError) => void;
}): LinkParts {
  const { store, clock, log, metrics, limits, limiter, bus, key, dedupe, fingerprints } = options;
  const registry = createLinkRegistry();
  const turns = createMemberTurns();
  const news = createNews(registry, bus);
  const keyNews = createKeyNews({ store, registry, bus, log, limits });
  const membership = createMembership({ store, registry, news, keyNews, bus, clock, log, limits });
  const router = createRouter({ store, log, limits });
  const progress = createProgress({
    store,
    log,
    messagesMax: limits.progressMessagesMax,
    online: (meshId, sender) => registry.ofMember(meshId, sender).length > 0,
    tell(meshId, sender, event) {
      for (const link of registry.ofMember(meshId, sender)) link.send(event);
    },
  });
  const queues = createQueues({ store, bus, clock, metrics, limits });
  collectQueueCounts({ store, clock, metrics, queuesMax: limits.queueMetricsMax });
  const committed: Parameters<typeof createAccepter>[0]["committed"] = (meshId, messages) => {
    router.committed(meshId, messages);
    bus.publish(reachedMessage(meshId, messages));
    for (const { item, outcome } of messages) {
      if (outcome.destination.kind === "queue") queues.wake(meshId, outcome.destination.name);
      if (outcome.destination.kind !== "topic") continue;
      const { sender, client_message_id } = item.envelope;
      progress.sent(meshId, {
        topicId: outcome.destination.topic_id,
        sender,
        seq: outcome.seq,
        clientMessageId: client_message_id,
      });
    }
  };
  const { uncertain } = router;
  const owed = (meshId: string, memberId: string): void =>
    bus.publish({ kind: "owed", mesh_id: meshId, member_id: memberId });
  return {
    behindProxy: options.behindProxy,
    authorities: () => options.listeners()?.authorities() ?? null,
    reach(authority) {
      const listeners = options.listeners();
      if (listeners === null) throw new ClaudemeshError("stopping", "The broker does not listen yet.");
      return listeners.reach(authority);
    },
    store,
    accepter: createAccepter(
      {
        store,
        clock,
        log,
        metrics,
        limiter,
        fingerprints,
        mismatched: createMismatches({ clock, log, metrics }),
        chainOf: membership.known,
        committed,
        uncertain,
        fatal: options.fatal,
      },
      limits,
    ),
    router,
    queues,
    progress,
    news,
    membership,
    bus,
    keyNews,
    registry,
    clock,
    log,
    metrics,
    limits,
    key,
    dedupe,
    fingerprints,
    features: options.features ?? everyFeature(),
    receipts: createReceipts({ store, clock, log, metrics, limits, linksOf: registry.ofMember, owed }),
    recovery: createProgressRecovery({ store, progress, clock }),
    notices: createNotices({ store, log, linkOf: registry.get }),
    turns,
    presence: createPresence({ store, registry, news, bus, turns, clock, log, limits }),
  };
}

/** Sequence numbers of one batch follow on each other: whoever wants none of its destinations passes all of them over. */
function reachedMessage(meshId: string, messages: readonly CommittedMessage[]): BusMessage {
  return {
    kind: "reached",
    mesh_id: meshId,
    life: messages[0]?.outcome.position.incarnation ?? "",
    first: messages[0]?.outcome.seq ?? 0,
    last: messages.at(-1)?.outcome.seq ?? 0,
    keys: [...new Set(messages.map(({ outcome }) => routeKey(outcome.destination)))],
  };
}
