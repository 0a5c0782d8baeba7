import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { BrokerStatus, ListenRequest, SetRequest, Started } from "../cli/launcher.ts";
import { daemonDirs } from "../client/find-daemon.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { isEphemeral } from "./ephemeral/ended-folder.ts";
import { joinBroker, localSlug } from "./join-broker.ts";
import { brokerDir, brokerStatus, startBroker } from "./launch-broker.ts";
import { daemonStatus, startDaemon, stopDaemon, waitForLink } from "./launch-daemon.ts";
import { readLaunchRecord } from "./launch-record.ts";

/** A daemon that was away from its broker for long dials again by itself, later. */
export const relinkTimeoutMs = 10_000;

/** Data directory of the broker on this machine whose mesh a daemon's folder belongs to; null: it was joined by a link. */
export function atBrokerOf(home: string, slug: string, dir: string): string | null {
  return readLaunchRecord(dir).broker ?? (slug === localSlug ? brokerDir(home) : null);
}

/** Wherever the broker of this machine listens now, mesh.json says so. True when that changed. */
export async function followOwnBroker(home: string, slug: string, dir: string): Promise<boolean> {
  const dataDir = atBrokerOf(home, slug, dir);
  if (dataDir === null || (await brokerStatus(dataDir)).state !== "running") return false;
  const role = dataDir === brokerDir(home) ? "owner" : "member";
  return (await joinBroker({ dir, dataDir, slug, name: null, role, stop: () => stopDaemon(home, dir) })).moved;
}

/** Two homes would otherwise run one member each in the wrong roles: a home that has a broker uses its own. */
export function otherBroker(home: string, given: string): string | null {
  const dataDir = resolve(given);
  if (dataDir === resolve(brokerDir(home))) return null;
  if (!existsSync(dataDir)) {
    throw new ClaudemeshError("usage", `--broker ${given}: there is no such directory`, {
      hint: "name the data directory of another home's broker; `claudemesh status` in that home shows it",
    });
  }
  return dataDir;
}

/** With the home's own daemons on their links again, wherever that is now, so that the next command finds the broker. */
export async function brokerUp(
  home: string,
  listen: ListenRequest | null,
  set: SetRequest = {},
): Promise<Started<BrokerStatus>> {
  const broker = await startBroker(brokerDir(home), listen, set);
  for (const { slug, dir } of daemonDirs(home)) {
    if (isEphemeral(dir)) continue;
    if (atBrokerOf(home, slug, dir) !== brokerDir(home)) continue;
    const before = await daemonStatus(home, dir);
    const moved = await followOwnBroker(home, slug, dir);
    if (before.state !== "running" || !(moved || broker.started)) continue;
    const again = moved ? (await startDaemon(home, dir, { http: readLaunchRecord(dir).http })).status : before;
    await waitForLink(again, relinkTimeoutMs);
  }
  return broker;
}
