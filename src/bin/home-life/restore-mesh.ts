import { createReadStream, existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { flushFolder } from "../../base/durable-file.ts";
import type { Restored, RestoreRequest } from "../../cli/home-life.ts";
import { daemonDirs } from "../../client/find-daemon.ts";
import { checkRestored } from "../../daemon/backup/check-restored.ts";
import type { Manifest } from "../../daemon/backup/manifest.ts";
import { readBackup } from "../../daemon/backup/read-backup.ts";
import { readMeshFile } from "../../daemon/identity/mesh-file.ts";
import { makePrivateDirectory } from "../../http/private-directory.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { founderOf } from "../founders.ts";
import { brokerDir } from "../launch-broker.ts";
import { stopDaemon } from "../launch-daemon.ts";
import { readLaunchRecord, writeLaunchRecord } from "../launch-record.ts";
import { setAside } from "../set-aside.ts";

/**
 * Makes a backup's member one of this home. Call under the launch lock. Everything is opened, verified and on disk in a folder
 * of its own before one rename puts it in place: killed before that, the home is as it was, and what was left goes with the
 * next restore.
 */
export async function restoreMesh(request: RestoreRequest): Promise<Restored> {
  const { home } = request;
  await requireFile(request.from);
  const opened = join(home, "restore.tmp");
  try {
    rmSync(opened, { recursive: true, force: true });
    makePrivateDirectory(opened);
    const source = createReadStream(request.from);
    const manifest = await readBackup(source, request.passphrase, opened).finally(() => source.destroy());
    checkRestored(opened, manifest, Date.now());
    makePrivateDirectory(join(home, "daemon"));
    const dir = join(home, "daemon", manifest.mesh);
    checkPlace(home, dir, manifest, request.replace);
    recordLaunch(home, opened, dir, manifest);
    const away = await clear(home, dir, manifest.mesh);
    renameSync(opened, dir);
    await flushFolder(join(home, "daemon"));
    return answerOf(manifest, away);
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

/** A home is one member of a mesh at most. Throws already_exists. */
function checkPlace(home: string, dir: string, manifest: Manifest, replace: boolean): void {
  const other = daemonDirs(home).find((one) => one.slug !== manifest.mesh && meshIdOf(one.dir) === manifest.mesh_id);
  if (other !== undefined)
    throw new ClaudemeshError(
      "already_exists",
      `this home is a member of the backup's mesh already, under the name ${other.slug}`,
      { hint: "restore into a home of its own: CLAUDEMESH_HOME=DIR claudemesh restore --in FILE" },
    );
  if (replace || !isThere(dir)) return;
  throw new ClaudemeshError("already_exists", `this home has a mesh called ${manifest.mesh} already`, {
    hint: "set that aside: claudemesh restore --in FILE --replace; or restore into another home: CLAUDEMESH_HOME=DIR",
  });
}

function meshIdOf(dir: string): string | null {
  try {
    return readMeshFile(dir).mesh_id;
  } catch {
    return null;
  }
}

function isThere(dir: string): boolean {
  return existsSync(dir) && readdirSync(dir).length > 0;
}

/** How the folder in its place was started, and which broker of this very home founded the mesh. */
function recordLaunch(home: string, opened: string, dir: string, { mesh_id: meshId }: Manifest): void {
  const dataDir = brokerDir(home);
  const before = existsSync(dir) ? readLaunchRecord(dir) : null;
  const broker = existsSync(dataDir) && founderOf(dataDir, meshId) === resolve(dir) ? dataDir : null;
  if (before === null && broker === null) return;
  // Whether its membership has ended is found out anew.
  writeLaunchRecord(opened, {
    ...(before ?? readLaunchRecord(opened)),
    readOnly: false,
    broker: before?.broker ?? broker,
  });
}

/** Where what was in its place is now; null: nothing was. */
async function clear(home: string, dir: string, slug: string): Promise<string | null> {
  if (!existsSync(dir)) return null;
  if (!isThere(dir)) {
    rmSync(dir, { recursive: true });
    return null;
  }
  if (existsSync(join(dir, "mesh.json"))) await stopDaemon(home, dir);
  return setAside(home, slug, dir, Date.now());
}

function answerOf(manifest: Manifest, away: string | null): Restored {
  const address = `@${manifest.member_name}`;
  return {
    mesh: manifest.mesh,
    address,
    as_of: manifest.created_at,
    files: manifest.files.map(({ name }) => name),
    messages: manifest.messages,
    set_aside: away,
    notices: [
      `${address} must run in one place only: end the home that the backup was made of, or never start it again`,
      ...(manifest.messages ? [] : ["the backup was made with the keys alone: outbox and inbox begin empty"]),
    ],
  };
}
