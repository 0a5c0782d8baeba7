import { createReadStream, existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { flushFolder } from "../../base/durable-file.ts";
import { brokerFiles } from "../../broker/broker-files.ts";
import type { Restored, RestoreRequest } from "../../cli/home-life.ts";
import type { Manifest } from "../../daemon/backup/manifest.ts";
import { readBackup } from "../../daemon/backup/read-backup.ts";
import { daemonFiles } from "../../daemon/daemon-files.ts";
import type { HostReaders } from "../../daemon/identity/host/readers.ts";
import { makePrivateDirectory } from "../../http/private-directory.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { setAside } from "../set-aside.ts";
import type { Place } from "./place.ts";
import { brokerPlace } from "./restored-broker.ts";
import { daemonPlace } from "./restored-daemon.ts";

/**
 * Puts what a backup holds into this home. Call under the launch lock. Everything is opened, verified and on disk in a folder of
 * its own before one rename puts it in place: killed before that, the home is as it was, and what was left goes with the next
 * restore. `readers`: tests restore on another host.
 */
export async function restoreMesh(request: RestoreRequest, readers?: HostReaders): Promise<Restored> {
  const { home } = request;
  const opened = join(home, "restore.tmp");
  rmSync(opened, { recursive: true, force: true });
  await requireFile(request.from);
  try {
    makePrivateDirectory(opened);
    const source = createReadStream(request.from);
    const manifest = await readBackup(source, request.passphrase, opened, {
      daemon: daemonFiles,
      broker: brokerFiles,
    }).finally(() => source.destroy());
    const place = manifest.of === "daemon" ? daemonPlace(home, manifest, readers) : brokerPlace(home, manifest);
    place.check(opened);
    if (!request.replace) requireFree(place.dir);
    const settled = await place.settle(opened);
    makePrivateDirectory(dirname(place.dir));
    const away = await clear(home, place);
    renameSync(opened, place.dir);
    await flushFolder(dirname(place.dir));
    return answerOf(manifest, [...place.notices, ...settled], away);
  } finally {
    rmSync(opened, { recursive: true, force: true });
  }
}

async function requireFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found !== null && !found.isDirectory()) return;
  throw new ClaudemeshError("usage", found === null ? `there is no file ${path}` : `${path} is a folder`, {
    hint: "name the file that claudemesh backup wrote: claudemesh restore --in FILE",
  });
}

function isThere(dir: string): boolean {
  return existsSync(dir) && readdirSync(dir).length > 0;
}

function requireFree(dir: string): void {
  if (isThere(dir))
    throw new ClaudemeshError("already_exists", `this home has ${dir} already`, {
      hint: "set that aside: claudemesh restore --in FILE --replace; or restore into another home: CLAUDEMESH_HOME=DIR",
    });
}

/** Where what was in its place is now; null: nothing was. */
async function clear(home: string, { dir, name, stop }: Place): Promise<string | null> {
  if (!isThere(dir)) {
    rmSync(dir, { recursive: true, force: true });
    return null;
  }
  await stop();
  return setAside(home, name, dir, Date.now());
}

function answerOf(manifest: Manifest, notices: readonly string[], away: string | null): Restored {
  const isDaemon = manifest.of === "daemon";
  return {
    of: manifest.of,
    mesh: isDaemon ? manifest.mesh : null,
    address: isDaemon ? `@${manifest.member_name}` : null,
    as_of: manifest.created_at,
    files: manifest.files.map(({ name }) => name),
    messages: manifest.messages,
    set_aside: away,
    notices,
  };
}
