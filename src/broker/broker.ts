import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Service } from "../base/service.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { FeatureVersions } from "../protocol/features.ts";
import type { BrokerLimits } from "./broker-limits.ts";
import { defaultBrokerConfig } from "./config.ts";
import type { FilesPlace } from "./files/choose-blob-store.ts";
import type { DedupeSetting } from "./link/link-parts.ts";
import type { Listeners, ListenOptions } from "./listen/listeners.ts";
import { type RunningBroker, startBroker } from "./start-broker.ts";
import type { BrokerStore } from "./store/store.ts";

export interface BrokerOptions {
  /** Created with mode 0700 if absent. Held by one broker at a time. */
  readonly dataDir: string;
  /** What all brokers of a deployment share: its key, and its own certificate. Absent: the data directory. */
  readonly deploymentDir?: string;
  readonly listen: ListenOptions["listen"];
  readonly expose?: ListenOptions["expose"];
  readonly authorities?: readonly string[];
  readonly publicUrl?: string | null;
  /** The address for other hosts shows metrics too. */
  readonly publicMetrics?: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<BrokerLimits>;
  readonly dedupe?: DedupeSetting;
  readonly messageRetentionDays?: number;
  /** Features and their versions that it is to know; absent: all that this program knows. */
  readonly features?: FeatureVersions;
  /** Names of the wire fingerprints that daemons are told to seal under. Absent: all that are known. */
  readonly fingerprintVersions?: readonly string[];
  /** Durability tests plant weaker settings of the embedded store here. */
  readonly pragmas?: string;
  /** `postgres://user:password@host:port/database` that brokers share. null: the embedded store in the data directory. */
  readonly databaseUrl?: string | null;
  /** Where files are kept. Absent: below the data directory. */
  readonly files?: FilesPlace;
  /** Instead of both; it is started here. */
  readonly store?: BrokerStore;
  /** `redis[s]://[user:password@]host[:port][/database]` where brokers limit rates together. null: this one alone. */
  readonly redisUrl?: string | null;
}

/** One broker. Its addresses are known once it has started. */
export interface Broker extends Service {
  readonly url: string;
  /** null: only this host reaches it. */
  readonly exposed: Listeners["exposed"];
  readonly brokerId: string;
  /** 64 hex characters; what daemons pin. */
  readonly deploymentPublicKey: string;
  readonly adminSocket: string;
  /** Resolves when the broker ends without `stop` being called: null when asked over its admin socket, else why. */
  readonly ended: Promise<BrokerEnd | null>;
}

export interface BrokerEnd {
  readonly kind: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

export function createBroker(options: BrokerOptions): Broker {
  const { retention } = defaultBrokerConfig;
  const dedupe = options.dedupe ?? { mode: retention.dedupe_mode, retentionDays: retention.dedupe_days };
  const messageRetentionDays = options.messageRetentionDays ?? retention.message_days;
  if (dedupe.mode === "retention_scoped" && dedupe.retentionDays < messageRetentionDays) {
    throw new ClaudemeshError(
      "invalid_config",
      `Dedupe records are kept ${dedupe.retentionDays} days, messages ${messageRetentionDays}: a kept message would lose its record.`,
      {
        hint: "keep dedupe records at least as long as messages",
      },
    );
  }
  const ended = Promise.withResolvers<BrokerEnd | null>();
  let running: RunningBroker | null = null;
  let starting: Promise<void> | null = null;
  let stopping: Promise<void> | null = null;

  function started(): RunningBroker {
    if (running === null) throw new ClaudemeshError("not_running", "The broker has not started.");
    return running;
  }

  const broker: Broker = {
    start() {
      starting ??= startBroker(options, { dedupe, messageRetentionDays }, end).then((parts) => {
        running = parts;
      });
      return starting;
    },
    stop() {
      stopping ??= (async () => {
        await starting?.catch(() => undefined);
        await running?.stop();
      })();
      return stopping;
    },
    get url() {
      return started().listeners.url;
    },
    get exposed() {
      return started().listeners.exposed;
    },
    get brokerId() {
      return started().key.brokerId;
    },
    get deploymentPublicKey() {
      return started().key.publicKeyHex;
    },
    get adminSocket() {
      return started().adminSocket;
    },
    ended: ended.promise,
  };

  function end(why: BrokerEnd | null): void {
    ended.resolve(why);
    void broker.stop();
  }
  return broker;
}
