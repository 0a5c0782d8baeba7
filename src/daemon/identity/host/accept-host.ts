import type { Config } from "../../config.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";
import { newHostFile, readHostFile, writeHostFile } from "./host-file.ts";
import { judgeHost } from "./judge-host.ts";
import { readHost } from "./read-host.ts";
import { type HostReaders, systemReaders } from "./readers.ts";

export interface AcceptedHost {
  /** By what the host is known from now on. */
  readonly source: string;
  /** Whether it was another host, or none, before. */
  readonly changed: boolean;
  /** Nothing of the host could be read, so a copy of the folder would not be noticed by it. */
  readonly detectionOff: boolean;
}

/**
 * Makes the member of a folder belong to this host, whatever it belonged to; its daemon must not run. A damaged file is
 * replaced, since a person said so. Throws schema_newer.
 */
export async function acceptHost(request: {
  readonly dir: string;
  readonly clone: Config["clone"];
  readonly now: number;
  readonly readers?: HostReaders;
}): Promise<AcceptedHost> {
  const { dir, clone, now, readers = systemReaders() } = request;
  const before = presentFile(dir);
  const facts = await readHost(readers, clone.id_override);
  const file = newHostFile(facts, now);
  writeHostFile(dir, file);
  const changed = before === null || judgeHost(before, facts, now).state !== "same";
  return { source: file.source, changed, detectionOff: file.source === "random" };
}

function presentFile(dir: string): ReturnType<typeof readHostFile> {
  try {
    return readHostFile(dir);
  } catch (thrown) {
    if (thrown instanceof ClaudemeshError && thrown.code === "invalid_config") return null;
    throw thrown;
  }
}
