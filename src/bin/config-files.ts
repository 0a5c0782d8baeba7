import { join } from "node:path";
import { brokerConfigKeys, defaultBrokerConfig, parseBrokerConfig } from "../broker/config.ts";
import type { ConfigFile, ConfigKey, GivenSetting } from "../cli/config/config-file.ts";
import { configKeys, defaultConfig, parseConfig } from "../daemon/config.ts";
import { setsKey } from "../protocol/config-file.ts";
import type { Override } from "../protocol/config-overrides.ts";
import { startOverrides } from "./start-settings.ts";

/** Settings of the daemon in `dir`, by the definition that the daemon itself reads them by. */
export function daemonConfigFile(dir: string): ConfigFile {
  const path = join(dir, "config.toml");
  return configFile(path, {
    keys: configKeys,
    defaults: defaultConfig,
    parse: (source, overrides) => parseConfig(source, path, overrides),
    overrides: () => startOverrides("daemon", dir),
  });
}

/** The same of the broker in `dir`. */
export function brokerConfigFile(dir: string): ConfigFile {
  const path = join(dir, "config.toml");
  return configFile(path, {
    keys: brokerConfigKeys,
    defaults: defaultBrokerConfig,
    parse: (source, overrides) => parseBrokerConfig(source, path, defaultBrokerConfig, overrides),
    overrides: () => startOverrides("broker", dir),
  });
}

interface Reader {
  readonly keys: object;
  readonly defaults: object;
  parse(source: string, overrides: readonly Override[]): object;
  /** What stands above the file. */
  overrides(): readonly Override[];
}

type Keys = Readonly<
  Record<
    string,
    Readonly<
      Record<
        string,
        { readonly help: string; readonly takes: string; readonly live?: true; read(value: unknown): unknown }
      >
    >
  >
>;
type Values = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

function configFile(path: string, { keys, defaults, parse, overrides }: Reader): ConfigFile {
  const entries = Object.entries(keys as Keys).flatMap(([table, known]) =>
    Object.entries(known).map(
      ([key, { help, takes, live = false, read }]): ConfigKey => ({
        key: `${table}.${key}`,
        help,
        takes,
        default: settingIn(defaults, `${table}.${key}`),
        live,
        accepts: (value) => read(value) !== undefined,
      }),
    ),
  );
  const isSet = (source: string, key: string): boolean => {
    const [table = "", name = ""] = key.split(".");
    return setsKey(source, table, name);
  };
  const mapped = <T>(of: (key: string) => T): Readonly<Record<string, T>> =>
    Object.fromEntries(entries.map(({ key }) => [key, of(key)]));
  return {
    path,
    keys: entries,
    read(source) {
      const values = parse(source, []);
      return mapped((key) => settingIn(values, key));
    },
    isSet,
    given(source) {
      const above = overrides();
      const values = parse(source, above);
      return mapped((key): GivenSetting => {
        const value = settingIn(values, key);
        // The last of those that give it is the one that counts.
        const name = above.findLast((override) => override.key === key)?.name;
        if (name !== undefined) return { value, from: name.startsWith("--") ? "flag" : "environment", name };
        return { value, from: isSet(source, key) ? "file" : "default", name: null };
      });
    },
  };
}

function settingIn(values: object, key: string): unknown {
  const [table = "", name = ""] = key.split(".");
  return (values as Values)[table]?.[name] ?? null;
}
