import { existsSync, readFileSync } from "node:fs";
import { parse, TomlError } from "smol-toml";
import { ClaudemeshError } from "../protocol/error.ts";
import { suggest } from "./suggest.ts";

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
  readonly features: {
    /** Required beside those that always are. */
    readonly require: readonly string[];
  };
}

export const defaultDiskBytesMax = 5_000_000_000;
const diskBytesMin = 1_000_000;
const maxAgeHoursMax = 100_000;
const listMax = 64;

export const defaultConfig: Config = {
  outbox: { max_age_hours_override: null, disk_bytes_max: defaultDiskBytesMax },
  local_api: { public_health_check: false, allowed_origins: [] },
  features: { require: [] },
};

/** Each key says what it takes and how it reads it: the one list that reading and refusing go by. */
const keys: {
  readonly [T in keyof Config]: {
    readonly [K in keyof Config[T]]: { readonly takes: string; read(value: unknown): Config[T][K] | undefined };
  };
} = {
  outbox: {
    max_age_hours_override: {
      takes: `a whole number of hours, 1 to ${maxAgeHoursMax}`,
      read: (value) => wholeNumber(value, 1, maxAgeHoursMax),
    },
    disk_bytes_max: {
      takes: `a whole number of bytes, at least ${diskBytesMin}`,
      read: (value) => wholeNumber(value, diskBytesMin, Number.MAX_SAFE_INTEGER),
    },
  },
  local_api: {
    public_health_check: { takes: "true or false", read: (value) => (typeof value === "boolean" ? value : undefined) },
    allowed_origins: {
      takes: 'a list of origins such as "https://app.example"',
      read: (value) => texts(value, isOrigin),
    },
  },
  features: {
    require: {
      takes: "a list of feature names",
      read: (value) => texts(value, (name) => /^[a-z0-9_]{1,64}$/.test(name)),
    },
  },
};

/** Reads the file at `path`. Throws invalid_config naming the line. */
export function readConfig(path: string): Config {
  return existsSync(path) ? parseConfig(readFileSync(path, "utf8"), path) : defaultConfig;
}

export function parseConfig(source: string, path: string): Config {
  const tables = parseToml(source, path);
  const config: Record<string, Record<string, unknown>> = {};
  for (const [name, defaults] of Object.entries(defaultConfig)) config[name] = { ...(defaults as object) };
  for (const [table, content] of Object.entries(tables)) {
    const known = Object.hasOwn(keys, table)
      ? (keys as Record<string, Record<string, { takes: string; read(value: unknown): unknown }>>)[table]
      : undefined;
    if (known === undefined) throw unknown(path, lineOf(source, null, table), "table", table, Object.keys(keys));
    if (typeof content !== "object" || content === null || Array.isArray(content)) {
      throw refuse(path, lineOf(source, null, table), `\`${table}\` must be a table`, `write [${table}]`);
    }
    for (const [key, value] of Object.entries(content)) {
      const line = lineOf(source, table, key);
      const entry = Object.hasOwn(known, key) ? known[key] : undefined;
      if (entry === undefined) throw unknown(path, line, "key", key, Object.keys(known), table);
      const reading = entry.read(value);
      if (reading === undefined)
        throw refuse(path, line, `\`${table}.${key}\` must be ${entry.takes}`, `correct the line in ${path}`);
      config[table] = { ...config[table], [key]: reading };
    }
  }
  return config as unknown as Config;
}

function parseToml(source: string, path: string): Record<string, unknown> {
  try {
    return parse(source);
  } catch (cause) {
    const line = cause instanceof TomlError ? cause.line : null;
    throw refuse(
      path,
      line,
      "this is not TOML",
      cause instanceof TomlError ? (cause.message.split("\n")[0] ?? "") : "see https://toml.io",
      cause,
    );
  }
}

/** The parser keeps no places, so the line is found again by its text; null when it is written in an unusual form. */
function lineOf(source: string, table: string | null, name: string): number | null {
  let current: string | null = null;
  for (const [index, line] of source.split(/\r?\n/).entries()) {
    const header = /^\s*\[+\s*"?([^\]"]+?)"?\s*\]/.exec(line)?.[1];
    if (header !== undefined) current = header;
    const key = /^\s*["']?([A-Za-z0-9_.-]+)["']?\s*=/.exec(line)?.[1];
    if (
      table === null
        ? header?.split(".")[0] === name || (current === null && key?.split(".")[0] === name)
        : (current === table && key === name) || (current === null && key === `${table}.${name}`)
    ) {
      return index + 1;
    }
  }
  return null;
}

function unknown(
  path: string,
  line: number | null,
  what: string,
  name: string,
  known: readonly string[],
  table?: string,
): ClaudemeshError {
  const meant = suggest(name, known)[0];
  const shown = table === undefined ? `[${name}]` : `\`${name}\` in [${table}]`;
  return refuse(
    path,
    line,
    `unknown ${what} ${shown}`,
    meant === undefined ? `known: ${known.join(", ")}` : `did you mean \`${meant}\`?`,
  );
}

function refuse(path: string, line: number | null, problem: string, hint: string, cause?: unknown): ClaudemeshError {
  return new ClaudemeshError("invalid_config", `${path}${line === null ? "" : `:${line}`}: ${problem}`, {
    hint,
    details: { path, ...(line === null ? {} : { line }) },
    ...(cause === undefined ? {} : { cause }),
  });
}

function wholeNumber(value: unknown, min: number, max: number): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined;
}

function texts(value: unknown, holds: (text: string) => boolean): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length > listMax) return undefined;
  return value.every((entry): entry is string => typeof entry === "string" && holds(entry)) ? value : undefined;
}

function isOrigin(text: string): boolean {
  return URL.parse(text)?.origin === text;
}
