import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { daemonDirs } from "../../client/find-daemon.ts";
import { checkRestored } from "../../daemon/backup/check-restored.ts";
import type { Manifest, OfDaemon } from "../../daemon/backup/manifest.ts";
import { readMeshFile } from "../../daemon/identity/mesh-file.ts";
import type { HostReaders } from "../../daemon/identity/host/readers.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { founderOf } from "../founders.ts";
import { brokerDir } from "../launch-broker.ts";
import { readLaunchRecord, writeLaunchRecord } from "../launch-record.ts";
import { acceptThisHost } from "./accept-this-host.ts";
import type { Place } from "./place.ts";
import { stopForRemoval } from "./stop-for-removal.ts";

/** Where a member of a backup belongs in this home. */
export function daemonPlace(home: string, manifest: Manifest & OfDaemon, readers?: HostReaders): Place {
  const slug = manifest.mesh;
  const dir = join(home, "daemon", slug);
  const address = `@${manifest.member_name}`;
  return {
    dir,
    name: slug,
    check(opened) {
      checkRestored(opened, manifest, Date.now());
      requireOnlyMember(home, manifest);
    },
    stop: () => stopForRemoval(home, { slug, dir }),
    async settle(opened) {
      recordLaunch(home, opened, dir, manifest);
      const isOther = await acceptThisHost(opened, Date.now(), readers);
      return isOther ? ["this is another host than that of the backup: the mesh's owners and admins are told so"] : [];
    },
    notices: [
      `${address} must run in one place only: never start the home again that the backup was made of`,
      ...(manifest.messages ? [] : ["the backup was made with the keys alone: outbox and inbox begin empty"]),
    ],
  };
}

/** A home is one member of a mesh at most. */
function requireOnlyMember(home: string, { mesh, mesh_id: meshId }: OfDaemon): void {
  const other = daemonDirs(home).find(({ slug, dir }) => slug !== mesh && meshIdOf(dir) === meshId);
  if (other !== undefined)
    throw new ClaudemeshError(
      "already_exists",
      `this home is a member of the backup's mesh already, under the name ${other.slug}`,
      { hint: "restore into a home of its own: CLAUDEMESH_HOME=DIR claudemesh restore --in FILE" },
    );
}

function meshIdOf(dir: string): string | null {
  try {
    return readMeshFile(dir).mesh_id;
  } catch {
    return null;
  }
}

/** How the folder in its place was started, and which broker of this very home founded the mesh. */
function recordLaunch(home: string, opened: string, dir: string, { mesh_id: meshId }: OfDaemon): void {
  const dataDir = brokerDir(home);
  const before = existsSync(dir) ? readLaunchRecord(dir) : null;
  const founded = existsSync(dataDir) && founderOf(dataDir, meshId) === resolve(dir) ? dataDir : null;
  const broker = before?.broker ?? founded;
  if (before === null && broker === null) return;
  // Whether its membership has ended is found out anew.
  writeLaunchRecord(opened, { ...(before ?? readLaunchRecord(opened)), readOnly: false, broker });
}
