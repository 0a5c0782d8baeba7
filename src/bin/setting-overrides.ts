import { brokerConfigKeys } from "../broker/config.ts";
import type { SetRequest } from "../cli/launcher.ts";
import { quoted } from "../cli/printable.ts";
import { configKeys } from "../daemon/config.ts";
import { environmentOverrides, flagOverrides, keyNames, type Override } from "../protocol/config-overrides.ts";
import { textReadings } from "../protocol/config-text.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { suggest } from "../protocol/suggest.ts";

/** What `--set` said, by `table.key`, as launch.json and listen.json keep it. */
export type SetRecord = Readonly<Record<string, string>>;

type Of = "daemon" | "broker";
const keysOf = { daemon: configKeys, broker: brokerConfigKeys } as const;

/** What stands above the config.toml of a process, lowest first: its environment, then what `--set` said. Throws invalid_config. */
export function settingOverrides(
  of: Of,
  env: Readonly<Record<string, string | undefined>>,
  set: SetRecord,
): readonly Override[] {
  const both = [...keyNames(configKeys), ...keyNames(brokerConfigKeys)];
  return [...environmentOverrides(keysOf[of], env, both), ...flagOverrides(keysOf[of], set)];
}

/** Throws `usage` for a setting that none of `programs` has, or that it does not take. */
export function checkSets(set: SetRequest, programs: readonly Of[]): void {
  const known = programs.flatMap((of) => keyNames(keysOf[of]));
  for (const [key, text] of Object.entries(set)) {
    if (!known.includes(key)) {
      const [meant] = suggest(key, known);
      throw new ClaudemeshError("usage", `there is no setting ${quoted(key)} of the ${programs.join(" or ")}`, {
        hint: meant === undefined ? "claudemesh config list shows all" : `did you mean \`--set ${meant}=…\`?`,
      });
    }
    if (text === null) continue;
    for (const of of programs) {
      const entry = entryOf(of, key);
      if (entry === null || [...textReadings(text)].some((value) => entry.read(value) !== undefined)) continue;
      throw new ClaudemeshError("usage", `\`${key}\` cannot be ${quoted(text)}: it must be ${entry.takes}`, {
        hint: `claudemesh config list${of === "broker" ? " --broker" : ""} shows what each setting takes`,
      });
    }
  }
}

/** The record as `set` changes it, of the settings that `of` has. */
export function changedSets(of: Of, record: SetRecord, set: SetRequest): SetRecord {
  const changed = { ...record };
  for (const [key, text] of Object.entries(set)) {
    if (entryOf(of, key) === null) continue;
    if (text === null) delete changed[key];
    else changed[key] = text;
  }
  return changed;
}

/** What of a request for the pair is the broker's. */
export function ofBroker(set: SetRequest): SetRequest {
  return Object.fromEntries(Object.entries(set).filter(([key]) => entryOf("broker", key) !== null));
}

/** As a record of an earlier run has it. */
export function readSetRecord(value: unknown): SetRecord {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

/** Arguments of run-daemon and run-broker. */
export function setArguments(record: SetRecord): string[] {
  return Object.entries(record).flatMap(([key, text]) => ["--set", `${key}=${text}`]);
}

/** The record that {@link setArguments} was given. */
export function fromSetArguments(given: readonly string[]): SetRecord {
  return Object.fromEntries(
    given.map((one) => [one.slice(0, one.indexOf("=")), one.slice(one.indexOf("=") + 1)] as const),
  );
}

function entryOf(of: Of, key: string): { readonly takes: string; read(value: unknown): unknown } | null {
  const [table = "", name = ""] = key.split(".");
  const keys = keysOf[of] as unknown as Readonly<
    Record<string, Readonly<Record<string, { takes: string; read(value: unknown): unknown }>>>
  >;
  return Object.hasOwn(keys, table) ? (keys[table]?.[name] ?? null) : null;
}
