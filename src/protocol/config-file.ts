import { parse, TomlError } from "smol-toml";
import { type Override, overrideValue } from "./config-overrides.ts";
import { ClaudemeshError } from "./error.ts";
import { suggest } from "./suggest.ts";

/** Each key of each table says what it is for, what it takes and how it reads it: the one list that reading, refusing and showing go by. */
export type ConfigKeys<Config> = {
  readonly [T in keyof Config]: {
    readonly [K in keyof Config[T]]: {
      /** One line, no full stop. */
      readonly help: string;
      readonly takes: string;
      /** A running process takes a change of it when it is told to read its settings again. Absent: at its next start. */
      readonly live?: true;
      read(value: unknown): Config[T][K] | undefined;
    };
  };
};

const listMax = 64;

/**
 * A config.toml of the daemon or the broker. What is missing has its default; an unknown table or key, or a value of
 * another form, throws invalid_config that names the line. `overrides` stand above the file, the later above the earlier.
 */
export function parseConfigFile<Config extends object>(
  source: string,
  path: string,
  keys: ConfigKeys<Config>,
  defaults: Config,
  overrides: readonly Override[] = [],
): Config {
  const tables = parseToml(source, path);
  const config: Record<string, Record<string, unknown>> = {};
  for (const [name, values] of Object.entries(defaults)) config[name] = { ...(values as object) };
  for (const [table, content] of Object.entries(tables)) {
    const known = Object.hasOwn(keys, table)
      ? (keys as Record<string, Record<string, { takes: string; read(value: unknown): unknown }>>)[table]
      : undefined;
    if (known === undefined) throw unknown(path, lineOf(source, null, table), "table", table, Object.keys(keys));
    if (typeof content !== "object" || content === null || Array.isArray(content)) {
      throw refuse(path, lineOf(source, null, table), `\`${table}\` must be a table`, `write [${table}]`);
    }
    for (const [key, value] of Object.entries(content)) {
      // Within an inline table the line is that of the table.
      const line = lineOf(source, table, key) ?? lineOf(source, null, table);
      const entry = Object.hasOwn(known, key) ? known[key] : undefined;
      if (entry === undefined) throw unknown(path, line, "key", key, Object.keys(known), table);
      const reading = entry.read(value);
      if (reading === undefined)
        throw refuse(path, line, `\`${table}.${key}\` must be ${entry.takes}`, `correct the line in ${path}`);
      config[table] = { ...config[table], [key]: reading };
    }
  }
  for (const override of overrides) {
    const [table = "", key = ""] = override.key.split(".");
    config[table] = { ...config[table], [key]: overrideValue(keys, override) };
  }
  return config as unknown as Config;
}

/** Whether the text itself has the key, whatever it says about it. The text is valid TOML. */
export function setsKey(source: string, table: string, key: string): boolean {
  const content = parse(source)[table];
  return typeof content === "object" && content !== null && Object.hasOwn(content, key);
}

/** Names of the tables that the text has. Throws invalid_config for what is no TOML. */
export function tableNames(source: string, path: string): readonly string[] {
  return Object.keys(parseToml(source, path));
}

/** A whole number from `min` to `max`. */
export function wholeNumber(value: unknown, min: number, max: number): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined;
}

/** A list of at most 64 texts that each hold. */
export function listOf(value: unknown, holds: (text: string) => boolean): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length > listMax) return undefined;
  return value.every((entry): entry is string => typeof entry === "string" && holds(entry)) ? value : undefined;
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
