import { join } from "node:path";
import { writeFileAtomic } from "../base/atomic-file.ts";
import { readRecord } from "./json-record.ts";
import { readSetRecord, type SetRecord } from "./setting-overrides.ts";

/** How a daemon was asked to run (launch.json), so that the next `up` without options runs it in the same way. */
export interface LaunchRecord {
  /** Asked for with --persistent: no later default of an environment makes it ephemeral. */
  readonly persistent: boolean;
  readonly http: boolean;
  /** The membership has ended: the daemon shows what was received and dials no broker. */
  readonly readOnly: boolean;
  /**
   * Data directory of the broker on this machine that serves the mesh; null: the own home's for the mesh `local`, none for
   * one that was joined by a link.
   */
  readonly broker: string | null;
  /** Settings above config.toml and the environment. */
  readonly set: SetRecord;
}

const path = (dir: string): string => join(dir, "launch.json");

export function readLaunchRecord(dir: string): LaunchRecord {
  const { persistent, http, broker, readOnly, set } = readRecord(
    path(dir),
    "remove the file and run claudemesh up with the options you want",
  );
  return {
    persistent: persistent === true,
    http: http === true,
    readOnly: readOnly === true,
    broker: typeof broker === "string" ? broker : null,
    set: readSetRecord(set),
  };
}

export function writeLaunchRecord(dir: string, record: LaunchRecord): void {
  writeFileAtomic(path(dir), `${JSON.stringify(record, null, 2)}\n`);
}
