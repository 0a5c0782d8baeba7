import { existsSync, readFileSync } from "node:fs";
import { type ConfigKeys, listOf, parseConfigFile, wholeNumber } from "../protocol/config-file.ts";
import { checkLinkSeconds, defaultLinkSeconds, linkKeys } from "../protocol/link-seconds.ts";
import { defaultBrokerLimits } from "./broker-limits.ts";

/** config.toml in a broker's data directory. A missing file, table or key means the default. */
export interface BrokerConfig {
  readonly listen: {
    /** Names under which daemons dial this broker beside the address it listens on, `host:port`: of a proxy, of a name service. */
    readonly authorities: readonly string[];
    /** The address that invites name, `wss://mesh.example`: of a proxy with a certificate that every system trusts. "": none. */
    readonly public_url: string;
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
}

const rateMax = 1_000_000;
const daysMax = 36_500;

export const defaultBrokerConfig: BrokerConfig = {
  listen: { authorities: [], public_url: "" },
  link: defaultLinkSeconds,
  rate_limit: {
    member_per_second: defaultBrokerLimits.memberRate,
    member_burst: defaultBrokerLimits.memberBurst,
    mesh_per_second: defaultBrokerLimits.meshRate,
    mesh_burst: defaultBrokerLimits.meshBurst,
  },
  retention: { message_days: 30, dedupe_mode: "retention_scoped", dedupe_days: 365 },
};

const rate = {
  takes: `a whole number from 1 to ${rateMax}`,
  read: (value: unknown) => wholeNumber(value, 1, rateMax),
};
const days = {
  takes: `a whole number of days from 1 to ${daysMax}`,
  read: (value: unknown) => wholeNumber(value, 1, daysMax),
};

const keys: ConfigKeys<BrokerConfig> = {
  listen: {
    authorities: { takes: 'a list such as "mesh.example:443"', read: (value) => listOf(value, isAuthority) },
    public_url: {
      takes: 'an address such as "wss://mesh.example"',
      read: (value) => (isPublicUrl(value) ? value : undefined),
    },
  },
  link: linkKeys,
  rate_limit: { member_per_second: rate, member_burst: rate, mesh_per_second: rate, mesh_burst: rate },
  retention: {
    message_days: days,
    dedupe_mode: {
      takes: '"retention_scoped" or "permanent"',
      read: (value) => (value === "retention_scoped" || value === "permanent" ? value : undefined),
    },
    dedupe_days: days,
  },
};

/** Reads the file at `path`. Throws invalid_config naming the line. */
export function readBrokerConfig(path: string): BrokerConfig {
  return existsSync(path) ? parseBrokerConfig(readFileSync(path, "utf8"), path) : defaultBrokerConfig;
}

export function parseBrokerConfig(source: string, path: string): BrokerConfig {
  const config = parseConfigFile(source, path, keys, defaultBrokerConfig);
  checkLinkSeconds(config.link, path);
  return config;
}

/** As a Host header has it: the port is left out where it is the scheme's own. */
function isAuthority(text: string): boolean {
  return URL.parse(`wss://${text}/`)?.host === text || URL.parse(`ws://${text}/`)?.host === text;
}

function isPublicUrl(value: unknown): value is string {
  if (value === "") return true;
  const url = typeof value === "string" ? URL.parse(value) : null;
  return (
    url?.protocol === "wss:" && (url.pathname === "/" || url.pathname === "") && url.search === "" && url.hash === ""
  );
}
