import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../base/atomic-file.ts";
import { ClaudemeshError } from "../protocol/error.ts";

/** How a daemon was asked to run (launch.json), so that the next `up` without options runs it in the same way. */
export interface LaunchRecord {
  /** Asked for with --persistent: no later default of an environment makes it ephemeral. */
  readonly persistent: boolean;
  readonly http: boolean;
  /** Data directory of the other home's embedded broker that was joined; null: the own one. */
  readonly broker: string | null;
}

const path = (dir: string): string => join(dir, "launch.json");

export function readLaunchRecord(dir: string): LaunchRecord {
  let text: string;
  try {
    text = readFileSync(path(dir), "utf8");
  } catch {
    return { persistent: false, http: false, broker: null };
  }
  try {
    const value = JSON.parse(text) as Partial<LaunchRecord>;
    return {
      persistent: value.persistent === true,
      http: value.http === true,
      broker: typeof value.broker === "string" ? value.broker : null,
    };
  } catch (cause) {
    throw new ClaudemeshError("invalid_config", `${path(dir)} is not JSON`, {
      hint: "remove the file and run claudemesh up with the options you want",
      cause,
    });
  }
}

export function writeLaunchRecord(dir: string, record: LaunchRecord): void {
  writeFileAtomic(path(dir), `${JSON.stringify(record, null, 2)}\n`);
}
