import type { Config } from "../../daemon/config.ts";
import { acceptHost } from "../../daemon/identity/host/accept-host.ts";
import { hostStanding } from "../../daemon/identity/host/host-standing.ts";
import { type HostReaders, systemReaders } from "../../daemon/identity/host/readers.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { cloneSettingsIfRead } from "../start-settings.ts";

/**
 * Whoever restores a member says that it belongs to this host from now on, in the folder that is yet to be put in place. On the
 * very host of the backup it stays as it is, so that nobody is told of a change. True: it is another host. Throws schema_newer.
 */
export async function acceptThisHost(
  dir: string,
  now: number,
  readers: HostReaders = systemReaders(),
): Promise<boolean> {
  // Settings that this program does not take are told by the daemon, at its start, with their line.
  const clone = cloneSettingsIfRead(dir);
  const state = await stateOf(dir, clone, readers);
  // One of before there was such a file gets its own at the first start.
  if (state === "same" || state === "missing") return false;
  await acceptHost({ dir, clone, now, readers });
  return true;
}

async function stateOf(dir: string, clone: Config["clone"], readers: HostReaders): Promise<string> {
  try {
    return (await hostStanding(dir, clone, readers)).state;
  } catch (thrown) {
    if (thrown instanceof ClaudemeshError && thrown.code === "invalid_config") return "damaged";
    throw thrown;
  }
}
