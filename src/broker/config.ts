import { existsSync, readFileSync } from "node:fs";
import { isAuthority } from "../protocol/authority.ts";
import { type ConfigKeys, listOf, parseConfigFile, wholeNumber } from "../protocol/config-file.ts";
import { givenIn, type Override } from "../protocol/config-overrides.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { checkLinkSeconds, defaultLinkSeconds, linkKeys } from "../protocol/link-seconds.ts";
import { limits as wireLimits } from "../protocol/limits.ts";
import { knownFingerprints } from "./accept/fingerprint-policy.ts";
import { defaultBrokerLimits } from "./broker-limits.ts";

/** config.toml in a broker's data directory. A missing file, table or key means the default. */
export interface BrokerConfig {
  readonly listen: {
    /** Names under which daemons dial this broker beside the address it listens on, `host:port`: of a proxy, of a name service. */
    readonly authorities: readonly string[];
    /** The address that invites name, `wss://mesh.example`: of a proxy with a certificate that every system trusts. "": none. */
    readonly public_url: string;
    /** Whether the address for other hosts shows metrics too. */
    readonly public_metrics: boolean;
  };
  /** How soon a dead link is noticed; sooner where a network forgets idle connections. */
  readonly link: {
    readonly ping_seconds: number;
    /** At least twice ping_seconds. */
    readonly silence_seconds: number;
  };
  /** Messages a second and burst, of one member and of a whole mesh (delivery.md §6). */
  readonly rate_limit: {
    readonly member_per_second: number;
    readonly member_burst: number;
    readonly mesh_per_second: number;
    readonly mesh_burst: number;
  };
  readonly retention: {
    readonly message_days: number;
    readonly dedupe_mode: "retention_scoped" | "permanent";
    /** Never fewer than message_days. */
    readonly dedupe_days: number;
  };
  /** What daemons are told when they negotiate. */
  readonly features: {
    /** Names of the wire fingerprints that they seal under; docs/fingerprints.md. */
    readonly fingerprint_versions: readonly string[];
  };
  /** Files that messages carry: sealed pieces, which nobody here can read. */
  readonly files: {
    readonly store: "disk" | "s3" | "none";
    /** Of store "disk"; "": below the data directory. */
    readonly directory: string;
    /** The largest file. */
    readonly file_bytes_max: number;
    /** All files of one mesh, sealed. */
    readonly mesh_bytes_max: number;
    /** Of store "s3". Its credentials come from the environment alone. "": Amazon's own. */
    readonly s3_endpoint: string;
    readonly s3_bucket: string;
    readonly s3_region: string;
    /** Before the name of every object. */
    readonly s3_prefix: string;
    /** The bucket stands in the path of requests and not in the host's name. */
    readonly s3_path_style: boolean;
  };
}

const rateMax = 1_000_000;
const daysMax = 36_500;

export const defaultBrokerConfig: BrokerConfig = {
  listen: { authorities: [], public_url: "", public_metrics: false },
  link: defaultLinkSeconds,
  rate_limit: {
    member_per_second: defaultBrokerLimits.memberRate,
    member_burst: defaultBrokerLimits.memberBurst,
    mesh_per_second: defaultBrokerLimits.meshRate,
    mesh_burst: defaultBrokerLimits.meshBurst,
  },
  retention: { message_days: 30, dedupe_mode: "retention_scoped", dedupe_days: 365 },
  features: { fingerprint_versions: knownFingerprints },
  files: {
    store: "disk",
    directory: "",
    file_bytes_max: defaultBrokerLimits.fileBytesMax,
    mesh_bytes_max: defaultBrokerLimits.meshFileBytesMax,
    s3_endpoint: "",
    s3_bucket: "",
    s3_region: "us-east-1",
    s3_prefix: "claudemesh/",
    s3_path_style: false,
  },
};

const rate = (help: string) => ({
  help,
  takes: `a whole number from 1 to ${rateMax}`,
  read: (value: unknown) => wholeNumber(value, 1, rateMax),
});
const days = (help: string) => ({
  help,
  takes: `a whole number of days from 1 to ${daysMax}`,
  read: (value: unknown) => wholeNumber(value, 1, daysMax),
});

const textOf = (help: string, takes: string, pattern: RegExp) => ({
  help,
  takes,
  read: (value: unknown) => (typeof value === "string" && pattern.test(value) ? value : undefined),
});
const bytes = (help: string, min: number, max: number) => ({
  help,
  takes: `a whole number of bytes from ${min} to ${max}`,
  read: (value: unknown) => wholeNumber(value, min, max),
});

export const brokerConfigKeys: ConfigKeys<BrokerConfig> = {
  listen: {
    authorities: {
      help: "names under which daemons dial this broker beside the address it listens on: of a proxy, of a name service",
      takes: 'a list such as "mesh.example:443"',
      read: (value) => listOf(value, isAuthority),
    },
    public_url: {
      help: "the address that invites name, where a proxy has a certificate that every system trusts; empty: none",
      takes: 'an address such as "wss://mesh.example"',
      read: (value) => (isPublicUrl(value) ? value : undefined),
    },
    public_metrics: {
      help: "whether the address for other hosts shows metrics too; the one for this host always does",
      takes: "true or false",
      read: (value) => (typeof value === "boolean" ? value : undefined),
    },
  },
  link: linkKeys,
  rate_limit: {
    member_per_second: rate("messages a second that one member may send"),
    member_burst: rate("messages that one member may send at once"),
    mesh_per_second: rate("messages a second that all members of a mesh may send together"),
    mesh_burst: rate("messages that all members of a mesh may send at once"),
  },
  retention: {
    message_days: days("days that a message is kept for members who are away"),
    dedupe_mode: {
      help: "whether ids are remembered for dedupe_days or for ever",
      takes: '"retention_scoped" or "permanent"',
      read: (value) => (value === "retention_scoped" || value === "permanent" ? value : undefined),
    },
    dedupe_days: days("days that ids are remembered; never fewer than message_days"),
  },
  features: {
    fingerprint_versions: {
      help: "versions of the fingerprint that daemons may seal messages under; one that is taken out is taken from them for as long as ids are remembered",
      takes: `a list of at least one of ${knownFingerprints.map((name) => `"${name}"`).join(", ")}`,
      read: (value) => {
        const names = listOf(value, (name) => knownFingerprints.includes(name));
        return names === undefined || names.length === 0 ? undefined : names;
      },
    },
  },
  files: {
    store: {
      help: "where files are kept: in a folder, in a bucket of an S3-compatible service, or nowhere",
      takes: '"disk", "s3" or "none"',
      read: (value) => (value === "disk" || value === "s3" || value === "none" ? value : undefined),
    },
    directory: textOf(
      "the folder of files, one that all brokers over a database reach; empty: below the data directory, of a broker without a database",
      "an absolute path, or nothing",
      /^(\/[^\0]*)?$/,
    ),
    file_bytes_max: bytes("bytes of the largest file", 1_024, wireLimits.fileBytesMax),
    mesh_bytes_max: bytes("bytes that all files of a mesh may take together", 1_048_576, Number.MAX_SAFE_INTEGER),
    s3_endpoint: {
      help: "the address of the S3-compatible service; empty: Amazon's own of the region",
      takes: 'an address such as "https://s3.example"',
      read: (value) => (isEndpoint(value) ? value : undefined),
    },
    s3_bucket: textOf(
      "the bucket, which has to exist",
      "a bucket's name, or nothing",
      /^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$/,
    ),
    s3_region: textOf("the bucket's region", 'a region such as "eu-central-1"', /^[a-z0-9-]{1,64}$/),
    s3_prefix: textOf(
      "what stands before the name of every object",
      'nothing, or a text such as "claudemesh/"',
      /^([A-Za-z0-9._-]+\/)*$/,
    ),
    s3_path_style: {
      help: "whether the bucket stands in the path of requests, as services of one's own mostly want it",
      takes: "true or false",
      read: (value) => (typeof value === "boolean" ? value : undefined),
    },
  },
};

/**
 * Reads the file at `path`; what it does not set is as in `defaults`, and `overrides` stand above it. Throws invalid_config naming
 * the line, the variable or the option.
 */
export function readBrokerConfig(
  path: string,
  defaults: BrokerConfig = defaultBrokerConfig,
  overrides: readonly Override[] = [],
): BrokerConfig {
  return parseBrokerConfig(existsSync(path) ? readFileSync(path, "utf8") : "", path, defaults, overrides);
}

export function parseBrokerConfig(
  source: string,
  path: string,
  defaults: BrokerConfig = defaultBrokerConfig,
  overrides: readonly Override[] = [],
): BrokerConfig {
  const config = parseConfigFile(source, path, brokerConfigKeys, defaults, overrides);
  checkLinkSeconds(config.link, givenIn(path, overrides, ["link"]));
  const { dedupe_mode, dedupe_days, message_days } = config.retention;
  if (dedupe_mode === "retention_scoped" && dedupe_days < message_days) {
    throw new ClaudemeshError(
      "invalid_config",
      `${givenIn(path, overrides, ["retention"])}: \`retention.dedupe_days\` ${dedupe_days} is below \`retention.message_days\` ${message_days}: a kept message would lose its record`,
      { hint: "keep ids at least as long as messages", details: { path } },
    );
  }
  return config;
}

function isEndpoint(value: unknown): value is string {
  if (value === "") return true;
  const url = typeof value === "string" ? URL.parse(value) : null;
  // A password would stand in a file that others may read, and in what is shown of it.
  return (url?.protocol === "https:" || url?.protocol === "http:") && url.username === "" && url.password === "";
}

function isPublicUrl(value: unknown): value is string {
  if (value === "") return true;
  const url = typeof value === "string" ? URL.parse(value) : null;
  return (
    url?.protocol === "wss:" && (url.pathname === "/" || url.pathname === "") && url.search === "" && url.hash === ""
  );
}
