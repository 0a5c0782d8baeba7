import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { type Broker, createBroker } from "../broker/broker.ts";
import { type BrokerConfig, readBrokerConfig } from "../broker/config.ts";
import type { FilesPlace } from "../broker/files/choose-blob-store.ts";
import { readCertificate } from "../broker/listen/given-certificate.ts";
import { parseListen } from "../protocol/listen-address.ts";
import { type SetRecord, settingOverrides } from "./setting-overrides.ts";

/** Where a broker's data is, and where it listens; its other settings are in its config.toml. */
export interface BrokerPlace {
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  /** `HOST:PORT` for other hosts, with TLS; null: none. */
  readonly expose: string | null;
  readonly tlsCert: string | null;
  readonly tlsKey: string | null;
  /** Settings above its config.toml and the environment. */
  readonly set: SetRecord;
}

/** Where a broker's messages are, by the variables that every deployment sets. None: in its data directory. The others may be settings. */
export interface BrokerEnvironment {
  readonly [variable: string]: string | undefined;
  readonly DATABASE_URL?: string | undefined;
  readonly REDIS_URL?: string | undefined;
  /** A folder that all brokers of a deployment share, with its key, its own certificate, and settings where a broker has none. */
  readonly CLAUDEMESH_DEPLOYMENT_DIR?: string | undefined;
}

/** Makes the broker of a place. Reads its config.toml; starts nothing. Throws invalid_config. */
export function brokerProgram(place: BrokerPlace, env: BrokerEnvironment, log: Log): Broker {
  const { dataDir } = place;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const deploymentDir = given(env.CLAUDEMESH_DEPLOYMENT_DIR) ?? dataDir;
  // What all brokers of a deployment share holds wherever this one's own file sets nothing else.
  const shared = readBrokerConfig(join(deploymentDir, "config.toml"));
  const config = readBrokerConfig(join(dataDir, "config.toml"), shared, settingOverrides("broker", env, place.set));
  const { listen, link, rate_limit, retention, features, files } = config;
  return createBroker({
    dataDir,
    deploymentDir,
    databaseUrl: given(env.DATABASE_URL),
    redisUrl: given(env.REDIS_URL),
    listen: { host: place.host, port: place.port },
    expose:
      place.expose === null
        ? null
        : { ...parseListen(place.expose, "--expose"), certificate: readCertificate(place.tlsCert, place.tlsKey) },
    authorities: listen.authorities,
    publicMetrics: listen.public_metrics,
    publicUrl: listen.public_url === "" ? null : listen.public_url,
    limits: {
      pingIntervalMs: link.ping_seconds * 1_000,
      silenceMs: link.silence_seconds * 1_000,
      memberRate: rate_limit.member_per_second,
      memberBurst: rate_limit.member_burst,
      meshRate: rate_limit.mesh_per_second,
      meshBurst: rate_limit.mesh_burst,
      fileBytesMax: files.file_bytes_max,
      meshFileBytesMax: files.mesh_bytes_max,
    },
    files: filesPlace(files),
    messageRetentionDays: retention.message_days,
    dedupe: { mode: retention.dedupe_mode, retentionDays: retention.dedupe_days },
    fingerprintVersions: features.fingerprint_versions,
    clock: systemClock,
    log,
  });
}

function filesPlace(files: BrokerConfig["files"]): FilesPlace {
  if (files.store === "none") return { store: "none" };
  if (files.store === "disk") return { store: "disk", directory: files.directory };
  return {
    store: "s3",
    endpoint: files.s3_endpoint,
    bucket: files.s3_bucket,
    region: files.s3_region,
    prefix: files.s3_prefix,
    pathStyle: files.s3_path_style,
  };
}

/** An empty variable is none: compose files set them so. */
function given(value: string | undefined): string | null {
  return value === undefined || value === "" ? null : value;
}
