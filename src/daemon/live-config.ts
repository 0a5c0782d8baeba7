import { isDeepStrictEqual } from "node:util";
import type { Log } from "../base/log.ts";
import { keyNames, type Override } from "../protocol/config-overrides.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { ReloadView } from "../protocol/settings-api.ts";
import { type Config, configKeys, readConfig } from "./config.ts";

/** The settings of a running daemon, which may change while it runs. */
export interface LiveConfig {
  /** As they are in force: what is read of it after a reload is the new value, of keys that are `live`. */
  readonly config: Config;
  /**
   * Reads the file again, under the overrides that the start was given. Throws invalid_config naming the line, and whatever
   * `check` throws, with everything as it was.
   */
  reload(): ReloadView;
  /** After keys have changed in force. Returns its own removal. */
  onChange(listener: (applied: readonly string[]) => void): () => void;
}

type Tables = Record<string, Record<string, unknown>>;

/** `check` refuses settings that are valid and cannot hold here. */
export function openLiveConfig(
  path: string,
  overrides: readonly Override[],
  check: (config: Config) => void,
): LiveConfig {
  const keys = keyNames(configKeys);
  const listeners = new Set<(applied: readonly string[]) => void>();
  let inForce = readConfig(path, overrides);
  const config = {} as Tables;
  for (const table of Object.keys(inForce))
    Object.defineProperty(config, table, { enumerable: true, get: () => (inForce as unknown as Tables)[table] });
  return {
    config: config as unknown as Config,
    reload() {
      const read = readConfig(path, overrides);
      const changed = keys.filter((key) => !isDeepStrictEqual(settingIn(read, key), settingIn(inForce, key)));
      const applied = changed.filter(isLive);
      const next = structuredClone(inForce) as unknown as Tables;
      for (const key of applied) {
        const [table = "", name = ""] = key.split(".");
        next[table] = { ...next[table], [name]: settingIn(read, key) };
      }
      check(next as unknown as Config);
      inForce = next as unknown as Config;
      if (applied.length > 0) for (const listener of listeners) listener(applied);
      return {
        applied,
        restart_needed: changed.filter((key) => !isLive(key)),
        unchanged: keys.length - changed.length,
      };
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** With a word in the log, whoever asked for it. */
export function reloadSettings(settings: Pick<LiveConfig, "reload">, log: Log): ReloadView {
  try {
    const reloaded = settings.reload();
    log.info({ applied: reloaded.applied, restart_needed: reloaded.restart_needed }, "the settings were read again");
    return reloaded;
  } catch (thrown) {
    const error = ClaudemeshError.from(thrown);
    log.error({ code: error.code, hint: error.hint }, `the settings stay as they were: ${error.message}`);
    throw error;
  }
}

function settingIn(config: Config, key: string): unknown {
  const [table = "", name = ""] = key.split(".");
  return (config as unknown as Tables)[table]?.[name];
}

/** Whether a running daemon takes a change of a setting. */
function isLive(key: string): boolean {
  const [table = "", name = ""] = key.split(".");
  return (configKeys as unknown as Record<string, Record<string, { live?: true }>>)[table]?.[name]?.live === true;
}
