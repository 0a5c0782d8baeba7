import type { Config } from "../../config.ts";
import { readHostFile } from "./host-file.ts";
import { judgeHost, type HostVerdict } from "./judge-host.ts";
import { readHost } from "./read-host.ts";
import { type HostReaders, systemReaders } from "./readers.ts";

/** How a daemon's folder stands to this host, for whoever only looks. */
export interface HostStanding {
  /** `missing`: no start has noted a host yet. */
  readonly state: HostVerdict["state"] | "missing";
  /** What the file was made from; null: it is missing, or of version 1. */
  readonly source: string | null;
  readonly policy: Config["clone"]["policy"];
  /** Nothing of the host could be read, so a copy of the folder is not noticed by it. */
  readonly detectionOff: boolean;
}

/** Writes nothing. Throws schema_newer or invalid_config for a file that keeps the daemon from starting. */
export async function hostStanding(
  dir: string,
  clone: Config["clone"],
  readers: HostReaders = systemReaders(),
): Promise<HostStanding> {
  const file = readHostFile(dir);
  const { policy } = clone;
  if (file === null) return { state: "missing", source: null, policy, detectionOff: false };
  const { state } = judgeHost(file, await readHost(readers, clone.id_override), 0);
  const source = file.version === 1 ? null : file.source;
  return { state, source, policy, detectionOff: source === "random" };
}
