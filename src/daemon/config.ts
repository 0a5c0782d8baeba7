import { existsSync, readFileSync } from "node:fs";
import { isName } from "../protocol/address.ts";
import { type ConfigKeys, listOf, parseConfigFile, wholeNumber } from "../protocol/config-file.ts";
import { givenIn, type Override } from "../protocol/config-overrides.ts";
import { type SenderPolicy, senderPolicies } from "../protocol/offers-api.ts";
import { checkLinkSeconds, defaultLinkSeconds, liveLinkKeys } from "../protocol/link-seconds.ts";

/** config.toml of one daemon. A missing file, table or key means the default. */
export interface Config {
  readonly outbox: {
    /** Hours after which a row that was attempted expires; null: derived from the negotiated dedupe window. */
    readonly max_age_hours_override: number | null;
    readonly disk_bytes_max: number;
  };
  readonly local_api: {
    /** Health, metrics and version answer without a token on TCP. */
    readonly public_health_check: boolean;
    /** Exact origins whose browser pages may call the TCP listener. */
    readonly allowed_origins: readonly string[];
  };
  /** How soon a dead link is noticed; sooner where a network forgets idle connections. */
  readonly link: {
    readonly ping_seconds: number;
    /** At least twice ping_seconds. */
    readonly silence_seconds: number;
  };
  readonly files: {
    /** Sealed files that are kept on this host until they were sent, or taken. */
    readonly spool_bytes_max: number;
  };
  readonly ephemeral: {
    /** How long an ephemeral daemon that ends waits for the broker to take what it holds. */
    readonly drain_seconds: number;
  };
  /** Keys that the member has rotated away. */
  readonly crypto: {
    /** How long what is sealed to one still opens. */
    readonly key_grace_period_days: number;
    readonly max_archived_keys: number;
    /** What a start does about a damaged keypair-archive.json. */
    readonly archive_on_malformed: "quarantine" | "refuse";
  };
  readonly agents: {
    /** Who gets what is sent to this member without naming an agent; null: the only one, where there is one alone. */
    readonly default: string | null;
    /** Whether the mesh is told of the agents behind this member. */
    readonly announce: boolean;
    /** What messages of senders may do to live sessions that have no line of their own. */
    readonly policy: SenderPolicy;
    /** The same of what nobody has signed; the stricter one holds. */
    readonly unverified_policy: SenderPolicy;
  };
  readonly features: {
    /** Required beside those that always are. */
    readonly require: readonly string[];
  };
  readonly hooks: {
    /** `auto`: unless the environment speaks against it. */
    readonly run: "auto" | "yes" | "no";
  };
  readonly clone: {
    /** What a start does on another host than the one that the member belongs to. */
    readonly policy: ClonePolicy;
    /** What this host is known by in place of an id of its own; null: its own. */
    readonly id_override: string | null;
  };
}

const clonePolicies = ["refuse", "warn", "allow"] as const;
export type ClonePolicy = (typeof clonePolicies)[number];
const idOverrideCharsMax = 256;

export const defaultDiskBytesMax = 5_000_000_000;
const diskBytesMin = 1_000_000;
const spoolBytesMin = 2_097_152;
/** Whoever stops an ephemeral daemon waits for longer than this before it is ended by force. */
export const drainSecondsMax = 60;
const maxAgeHoursMax = 100_000;
const keyGraceDaysMax = 30;
const archivedKeysMax = 64;

export const defaultConfig: Config = {
  outbox: { max_age_hours_override: null, disk_bytes_max: defaultDiskBytesMax },
  local_api: { public_health_check: false, allowed_origins: [] },
  link: defaultLinkSeconds,
  files: { spool_bytes_max: defaultDiskBytesMax },
  ephemeral: { drain_seconds: 10 },
  crypto: { key_grace_period_days: 7, max_archived_keys: 8, archive_on_malformed: "quarantine" },
  agents: { default: null, announce: true, policy: "auto", unverified_policy: "ask" },
  features: { require: [] },
  hooks: { run: "auto" },
  clone: { policy: "refuse", id_override: null },
};

export const configKeys: ConfigKeys<Config> = {
  outbox: {
    max_age_hours_override: {
      help: "hours after which a message that could not be sent ends dead; by default as long as the broker remembers ids, less a margin",
      takes: `a whole number of hours, 1 to ${maxAgeHoursMax}`,
      live: true,
      read: (value) => wholeNumber(value, 1, maxAgeHoursMax),
    },
    disk_bytes_max: {
      help: "bytes on disk from which on sends are refused until the outbox has room again",
      takes: `a whole number of bytes, at least ${diskBytesMin}`,
      live: true,
      read: (value) => wholeNumber(value, diskBytesMin, Number.MAX_SAFE_INTEGER),
    },
  },
  local_api: {
    public_health_check: {
      help: "whether health, metrics and version answer without a token on 127.0.0.1",
      takes: "true or false",
      live: true,
      read: (value) => (typeof value === "boolean" ? value : undefined),
    },
    allowed_origins: {
      help: "origins whose pages in a browser may call the local API on 127.0.0.1",
      takes: 'a list of origins such as "https://app.example"',
      live: true,
      read: (value) => listOf(value, isOrigin),
    },
  },
  link: liveLinkKeys,
  files: {
    spool_bytes_max: {
      help: "bytes that files may take on this host until they are sent or taken",
      takes: `a whole number of bytes, at least ${spoolBytesMin}`,
      live: true,
      read: (value) => wholeNumber(value, spoolBytesMin, Number.MAX_SAFE_INTEGER),
    },
  },
  ephemeral: {
    drain_seconds: {
      help: "seconds for which an ephemeral daemon that ends waits for the broker to take what it holds",
      takes: `a whole number of seconds from 1 to ${drainSecondsMax}`,
      read: (value) => wholeNumber(value, 1, drainSecondsMax),
    },
  },
  crypto: {
    key_grace_period_days: {
      help: "days for which what is sealed to a key of this member's opens after rotate-keypair",
      takes: `a whole number of days, 1 to ${keyGraceDaysMax}`,
      live: true,
      read: (value) => wholeNumber(value, 1, keyGraceDaysMax),
    },
    max_archived_keys: {
      help: "former keys that are kept at most; beyond it the oldest goes before its time",
      takes: `a whole number, 1 to ${archivedKeysMax}`,
      live: true,
      read: (value) => wholeNumber(value, 1, archivedKeysMax),
    },
    archive_on_malformed: {
      help: "what a start does about a damaged archive of former keys: move it aside and keep what can be saved, or refuse",
      takes: '"quarantine" or "refuse"',
      read: (value) => (value === "quarantine" || value === "refuse" ? value : undefined),
    },
  },
  agents: {
    default: {
      help: "the agent that gets what is sent to this member without naming one; by default the only agent, where there is one alone",
      takes: "an agent's name",
      live: true,
      read: (value) => (typeof value === "string" && isName(value) ? value.toLowerCase() : undefined),
    },
    announce: {
      help: "whether the mesh is told of the agents behind this member, so that a mistyped one is refused where it is sent",
      takes: "true or false",
      live: true,
      read: (value) => (typeof value === "boolean" ? value : undefined),
    },
    policy: {
      help: "what messages may do to live sessions where their sender has no policy of its own (claudemesh agent policy)",
      takes: senderPolicies.join(", "),
      live: true,
      read: (value) => senderPolicies.find((policy) => policy === value),
    },
    unverified_policy: {
      help: "the same of messages that nobody has signed, such as those of API keys; the stricter one of both holds",
      takes: senderPolicies.join(", "),
      live: true,
      read: (value) => senderPolicies.find((policy) => policy === value),
    },
  },
  features: {
    require: {
      help: "features that the broker must have beside those that every daemon requires",
      takes: "a list of feature names",
      read: (value) => listOf(value, (name) => /^[a-z0-9_]{1,64}$/.test(name)),
    },
  },
  hooks: {
    run: {
      help: "whether the hooks run that hooks.toml enables; `auto`: they do, but in CI jobs",
      takes: '"auto", "yes" or "no"',
      live: true,
      read: (value) => (["auto", "yes", "no"] as const).find((choice) => choice === value),
    },
  },
  clone: {
    policy: {
      help: "what a start does on another host than the one that the member belongs to",
      takes: clonePolicies.join(", "),
      read: (value) => clonePolicies.find((policy) => policy === value),
    },
    id_override: {
      help: "what this host is known by in place of its own id; in a container, a name that stays with the volume",
      takes: `a text of 1 to ${idOverrideCharsMax} characters`,
      read: (value) =>
        typeof value === "string" &&
        value.length <= idOverrideCharsMax &&
        /^[^\p{Cc}]+$/u.test(value) &&
        value.trim() !== ""
          ? value.trim()
          : undefined,
    },
  },
};

/** Reads the file at `path`, with `overrides` above it. Throws invalid_config naming the line, the variable or the option. */
export function readConfig(path: string, overrides: readonly Override[] = []): Config {
  return parseConfig(existsSync(path) ? readFileSync(path, "utf8") : "", path, overrides);
}

export function parseConfig(source: string, path: string, overrides: readonly Override[] = []): Config {
  const config = parseConfigFile(source, path, configKeys, defaultConfig, overrides);
  checkLinkSeconds(config.link, givenIn(path, overrides, ["link"]));
  return config;
}

function isOrigin(text: string): boolean {
  return URL.parse(text)?.origin === text;
}
