import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { BrokerReach } from "../../protocol/invite-frames.ts";
import type { Accepter } from "../accept/accepter.ts";
import type { FeatureVersions } from "../../protocol/features.ts";
import type { FingerprintPolicy } from "../accept/fingerprint-policy.ts";
import type { BrokerLimits } from "../broker-limits.ts";
import type { DeploymentKey } from "../deployment-key.ts";
import type { Bus } from "../fleet/bus.ts";
import type { News } from "../fleet/news.ts";
import type { KeyNews } from "../keys/key-news.ts";
import type { Membership } from "../membership/membership.ts";
import type { BrokerMetrics } from "../metrics.ts";
import type { Notices } from "../route/notices.ts";
import type { Progress } from "../route/progress.ts";
import type { ProgressRecovery } from "../route/progress-recovery.ts";
import type { Queues } from "../route/queues.ts";
import type { Receipts } from "../route/receipts.ts";
import type { Router } from "../route/router.ts";
import type { BrokerStore } from "../store/store.ts";
import type { MemberTurns } from "./member-turns.ts";
import type { LinkRegistry } from "./registry.ts";
import type { Presence } from "./presence.ts";

/** What every link works with. */
export interface LinkParts {
  readonly store: BrokerStore;
  readonly accepter: Accepter;
  readonly router: Router;
  readonly progress: Progress;
  readonly recovery: ProgressRecovery;
  readonly queues: Queues;
  readonly receipts: Receipts;
  readonly notices: Notices;
  readonly registry: LinkRegistry;
  readonly presence: Presence;
  readonly turns: MemberTurns;
  readonly news: News;
  readonly membership: Membership;
  readonly bus: Bus;
  readonly keyNews: KeyNews;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: BrokerMetrics;
  readonly limits: BrokerLimits;
  readonly key: DeploymentKey;
  readonly dedupe: DedupeSetting;
  /** What this broker is to know; it announces no more than that. */
  readonly features: FeatureVersions;
  readonly fingerprints: FingerprintPolicy;
  /** null: the broker does not know its addresses yet, so it takes nobody's word for one. */
  authorities(): ReadonlySet<string> | null;
  /** Daemons may come by a proxy that has a certificate of its own. */
  readonly behindProxy: boolean;
  /** What an invite says of the way here; see listen/reach.ts. */
  reach(authority: string | null): BrokerReach;
}

export interface DedupeSetting {
  readonly mode: "retention_scoped" | "permanent";
  /** Days; meaningless for permanent. */
  readonly retentionDays: number;
}
