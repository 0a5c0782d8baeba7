import { existsSync } from "node:fs";
import { join } from "node:path";
import type { HostAccepted } from "../cli/launcher.ts";
import { findDaemonDir } from "../client/find-daemon.ts";
import { acceptHost } from "../daemon/identity/host/accept-host.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { isLocked } from "./detached-process.ts";
import { isEphemeral, requirePersistent } from "./ephemeral/ended-folder.ts";
import { cloneSettings } from "./start-settings.ts";

/**
 * Makes the members of these meshes belong to this host. None is changed unless the daemons of all are stopped: one that
 * runs has told the broker of the host that it started on. Of several, those that are ephemeral belong to no host. Call under the launch lock.
 */
export async function acceptHosts(home: string, slugs: readonly string[]): Promise<readonly HostAccepted[]> {
  const named = slugs.map((slug) => ({ slug, dir: findDaemonDir(home, slug) }));
  const folders = named.length === 1 ? named : named.filter(({ dir }) => !isEphemeral(dir));
  for (const { slug, dir } of folders) {
    requirePersistent(dir);
    requireStopped(slug, dir);
  }
  const accepted: HostAccepted[] = [];
  for (const { slug, dir } of folders) {
    // As the next start reads them: what the host is known by may be set in the environment.
    const { source, changed, detectionOff } = await acceptHost({ dir, clone: cloneSettings(dir), now: Date.now() });
    accepted.push({ mesh: slug, source, changed, detection_off: detectionOff });
  }
  return accepted;
}

function requireStopped(slug: string, dir: string): void {
  const lock = join(dir, "daemon.lock");
  if (!existsSync(lock) || !isLocked(lock)) return;
  throw new ClaudemeshError("already_running", `the daemon of mesh ${slug} runs; nothing is done yet`, {
    hint: `claudemesh daemon down --mesh ${slug}, then claudemesh accept-host`,
  });
}
