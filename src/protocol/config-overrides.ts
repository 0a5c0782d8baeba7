import { textReadings } from "./config-text.ts";
import { ClaudemeshError } from "./error.ts";
import { suggest } from "./suggest.ts";

/** A setting that is given beside the file, and stands above it. */
export interface Override {
  /** `table.key` */
  readonly key: string;
  readonly text: string;
  /** By which it was given: `CLAUDEMESH_LINK_PING_SECONDS`, or `--set link.ping_seconds`. */
  readonly name: string;
}

type Known = { readonly takes: string; read(value: unknown): unknown };
type Keys = Readonly<Record<string, Readonly<Record<string, Known>>>>;

/** Variables of other uses that begin like one of a table. */
const otherVariables = new Set(["CLAUDEMESH_DAEMON_SOCK"]);

/** `CLAUDEMESH_<TABLE>_<KEY>` of a setting `table.key`. */
export function variableOf(key: string): string {
  return `CLAUDEMESH_${key.replace(".", "_").toUpperCase()}`;
}

/**
 * Settings of the environment, of all that `keys` know; an empty variable gives none. `alsoKnown` are settings of other programs,
 * which the same environment may be meant for. Throws invalid_config for a variable of a known table and an unknown key: what is
 * misspelled would be without effect unseen.
 */
export function environmentOverrides(
  keys: object,
  env: Readonly<Record<string, string | undefined>>,
  alsoKnown: readonly string[] = [],
): Override[] {
  const own = keyNames(keys);
  const known = [...new Set([...own, ...alsoKnown])];
  const variables = new Map(known.map((key) => [variableOf(key), key]));
  const tables = [...new Set(known.map((key) => `CLAUDEMESH_${key.split(".")[0]?.toUpperCase()}_`))];
  const found: Override[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined || text === "" || otherVariables.has(name)) continue;
    const key = variables.get(name);
    if (key === undefined) {
      if (!tables.some((table) => name.startsWith(table))) continue;
      const [meant] = suggest(name, [...variables.keys()]);
      throw new ClaudemeshError("invalid_config", `the environment has ${name}, and there is no such setting`, {
        hint: meant === undefined ? "claudemesh help environment" : `did you mean \`${meant}\`?`,
        details: { variable: name },
      });
    }
    if (own.includes(key)) found.push({ key, text, name });
  }
  return found;
}

/** Settings of `--set table.key=value`, as they were recorded, of all that `keys` know. */
export function flagOverrides(keys: object, set: Readonly<Record<string, string>>): Override[] {
  const own = keyNames(keys);
  return Object.entries(set)
    .filter(([key]) => own.includes(key))
    .map(([key, text]) => ({ key, text, name: `--set ${key}` }));
}

/** `table.key` of every setting. */
export function keyNames(keys: object): string[] {
  return Object.entries(keys as Keys).flatMap(([table, known]) => Object.keys(known).map((key) => `${table}.${key}`));
}

/** The value that an override gives. Throws invalid_config naming the variable or the option. */
export function overrideValue(keys: object, { key, text, name }: Override): unknown {
  const [table = "", inside = ""] = key.split(".");
  const known = (keys as Keys)[table]?.[inside];
  if (known !== undefined)
    for (const reading of textReadings(text)) {
      const value = known.read(reading);
      if (value !== undefined) return value;
    }
  throw new ClaudemeshError("invalid_config", `${name}: \`${key}\` must be ${known?.takes ?? "a setting"}`, {
    hint: name.startsWith("--")
      ? `give it rightly, or take it back: --set ${key}`
      : `correct the variable ${name}, or unset it`,
    details: name.startsWith("--") ? { option: name } : { variable: name },
  });
}

/** Where settings of one table come from, for what is wrong only with several of them together. */
export function givenIn(path: string, overrides: readonly Override[], tables: readonly string[]): string {
  const names = overrides.filter(({ key }) => tables.includes(key.split(".")[0] ?? "")).map(({ name }) => name);
  return names.length === 0 ? path : `${path} with ${names.join(", ")}`;
}
