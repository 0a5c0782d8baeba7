import { join } from "node:path";
import { type Config, defaultConfig, readConfig } from "../daemon/config.ts";
import type { Override } from "../protocol/config-overrides.ts";
import { readLaunchRecord } from "./launch-record.ts";
import { readListenRecord } from "./listen-record.ts";
import { settingOverrides } from "./setting-overrides.ts";

/** What stands above the config.toml of a folder where it is started next, from here. Throws invalid_config. */
export function startOverrides(of: "daemon" | "broker", dir: string): readonly Override[] {
  const { set } = of === "daemon" ? readLaunchRecord(dir) : readListenRecord(dir);
  return settingOverrides(of, process.env, set);
}

/** What a member's host is known by, as the next start reads it. Throws invalid_config. */
export function cloneSettings(dir: string, overrides = startOverrides("daemon", dir)): Config["clone"] {
  return readConfig(join(dir, "config.toml"), overrides).clone;
}

/** The same, where what is wrong with the settings is told elsewhere. */
export function cloneSettingsIfRead(
  dir: string,
  overrides: () => readonly Override[] = () => startOverrides("daemon", dir),
): Config["clone"] {
  try {
    return cloneSettings(dir, overrides());
  } catch {
    return defaultConfig.clone;
  }
}

/** Whether hooks are to run, as the next start reads it; where it cannot be read, as it is by default. */
export function hooksRunIfRead(dir: string): Config["hooks"]["run"] {
  try {
    return readConfig(join(dir, "config.toml"), startOverrides("daemon", dir)).hooks.run;
  } catch {
    return defaultConfig.hooks.run;
  }
}
