import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { SetRequest } from "../cli/launcher.ts";
import { readConfig } from "../daemon/config.ts";
import { readLaunchRecord, writeLaunchRecord } from "./launch-record.ts";
import { changedSets, settingOverrides } from "./setting-overrides.ts";

/**
 * Notes what `--set` says of a daemon, for its next start; true when that changes how it runs. Settings with which it could not start
 * throw invalid_config, with everything as it was.
 */
export function recordSets(dir: string, request: SetRequest): boolean {
  const record = readLaunchRecord(dir);
  const set = changedSets("daemon", record.set, request);
  if (isDeepStrictEqual(set, record.set)) return false;
  readConfig(join(dir, "config.toml"), settingOverrides("daemon", process.env, set));
  writeLaunchRecord(dir, { ...record, set });
  return true;
}
