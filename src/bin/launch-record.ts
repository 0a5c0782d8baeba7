import { join } from "node:path";
import { writeFileAtomic } from "../base/atomic-file.ts";
import type { Decision } from "../cli/launcher.ts";
import { isRecord } from "../protocol/feature-schemas.ts";
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
  /** What its environment decided at its last start. */
  readonly decisions: readonly Decision[];
  /** Settings above config.toml and the environment. */
  readonly set: SetRecord;
}

const path = (dir: string): string => join(dir, "launch.json");

export function readLaunchRecord(dir: string): LaunchRecord {
  const { persistent, http, broker, readOnly, decisions, set } = readRecord(
    path(dir),
    "remove the file and run claudemesh up with the options you want",
  );
  return {
    persistent: persistent === true,
    http: http === true,
    readOnly: readOnly === true,
    broker: typeof broker === "string" ? broker : null,
    decisions: Array.isArray(decisions) ? decisions.filter(isDecision) : [],
    set: readSetRecord(set),
  };
}

/** What a later program wrote may say more: it is shown as it stands, or left out. */
function isDecision(value: unknown): value is Decision {
  if (!isRecord(value)) return false;
  const { setting, value: decided, because, override } = value;
  return (
    [setting, decided, because].every((text) => typeof text === "string") &&
    (override === null || typeof override === "string")
  );
}

export function writeLaunchRecord(dir: string, record: LaunchRecord): void {
  writeFileAtomic(path(dir), `${JSON.stringify(record, null, 2)}\n`);
}
