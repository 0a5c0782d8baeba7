import { join } from "node:path";
import { brokerConfigKeys, defaultBrokerConfig, parseBrokerConfig } from "../broker/config.ts";
import type { ConfigFile, ConfigKey } from "../cli/launcher.ts";
import { configKeys, defaultConfig, parseConfig } from "../daemon/config.ts";
import { setsKey } from "../protocol/config-file.ts";

/** Settings of the daemon in `dir`, by the definition that the daemon itself reads them by. */
export function daemonConfigFile(dir: string): ConfigFile {
  const path = join(dir, "config.toml");
  return configFile(path, configKeys, defaultConfig, (source) => parseConfig(source, path));
}

/** The same of the broker in `dir`. */
export function brokerConfigFile(dir: string): ConfigFile {
  const path = join(dir, "config.toml");
  return configFile(path, brokerConfigKeys, defaultBrokerConfig, (source) => parseBrokerConfig(source, path));
}

type Keys = Readonly<
  Record<
    string,
    Readonly<Record<string, { readonly help: string; readonly takes: string; read(value: unknown): unknown }>>
  >
>;
type Values = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

function configFile(path: string, keys: object, defaults: object, parse: (source: string) => object): ConfigFile {
  const entries = Object.entries(keys as Keys).flatMap(([table, known]) =>
    Object.entries(known).map(
      ([key, { help, takes, read }]): ConfigKey => ({
        key: `${table}.${key}`,
        help,
        takes,
        default: (defaults as Values)[table]?.[key] ?? null,
        accepts: (value) => read(value) !== undefined,
      }),
    ),
  );
  return {
    path,
    keys: entries,
    read(source) {
      const values = parse(source) as Values;
      return Object.fromEntries(
        entries.map(({ key }) => {
          const [table = "", name = ""] = key.split(".");
          return [key, values[table]?.[name] ?? null];
        }),
      );
    },
    isSet(source, key) {
      const [table = "", name = ""] = key.split(".");
      return setsKey(source, table, name);
    },
  };
}
