import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { FolderFile } from "../../base/folder-file.ts";
import { readProgramVersion } from "../../base/program-version.ts";
import { brokerFiles } from "../../broker/broker-files.ts";
import { loadDeploymentKey } from "../../broker/deployment-key.ts";
import { usesDatabase } from "../../broker/open-store.ts";
import type { BackupMade, BackupRequest } from "../../cli/home-life.ts";
import { openTarget } from "../../cli/new-file.ts";
import { daemonDirs, findDaemonDir } from "../../client/find-daemon.ts";
import { withSnapshot } from "../../daemon/backup/snapshot.ts";
import { type About, writeBackup } from "../../daemon/backup/write-backup.ts";
import { daemonFiles } from "../../daemon/daemon-files.ts";
import { readIdentity } from "../../daemon/identity/member.ts";
import { refuseHalfRecovered } from "../../daemon/recover/recovery-mark.ts";
import { schemaVersion } from "../../daemon/schema-version.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { isEphemeral, requirePersistent } from "../ephemeral/ended-folder.ts";
import { brokerDir } from "../launch-broker.ts";

/** What a backup is made of: a daemon's folder, or the one of this home's own broker. */
interface Source {
  readonly dir: string;
  readonly files: readonly FolderFile[];
  readonly of: DistributiveOmit<About, "program_version" | "created_at" | "messages" | "migrations">;
  readonly notices: readonly string[];
}
type DistributiveOmit<T, K extends string> = T extends unknown ? Omit<T, K> : never;

/** Makes a backup of one mesh's daemon, of the broker, or of all. Holds off nothing: processes run on, and may be started meanwhile. */
export async function backupMeshes(request: BackupRequest): Promise<readonly BackupMade[]> {
  const sources = sourcesOf(request);
  if (request.what.kind === "all" && !isFolder(request.out))
    throw new ClaudemeshError("usage", `${request.out} is no folder: with --all, everything gets a file in one`, {
      hint: "make it first: mkdir FOLDER, then claudemesh backup --all --out FOLDER",
    });
  const made: BackupMade[] = [];
  for (const source of sources) made.push(await backupOne(source, request));
  return made;
}

function sourcesOf({ home, what, keysOnly }: BackupRequest): readonly Source[] {
  const broker = existsSync(brokerDir(home)) ? [brokerDir(home)] : [];
  switch (what.kind) {
    case "all": {
      const sources = [
        // What an ephemeral member is, is in the memory of its daemon alone.
        ...daemonDirs(home).flatMap(({ dir }) => (isEphemeral(dir) ? [] : [daemonSource(dir, keysOnly, false)])),
        ...broker.map((dir) => brokerSource(dir, keysOnly)),
      ];
      if (sources.length > 0) return sources;
      throw new ClaudemeshError("not_running", `${home} has no daemon yet`, { hint: "claudemesh up" });
    }
    case "broker":
      if (broker.length > 0) return broker.map((dir) => brokerSource(dir, keysOnly));
      throw new ClaudemeshError("not_running", `${home} has no broker of its own`, { hint: "claudemesh status" });
    case "mesh":
      return [daemonSource(findDaemonDir(home, what.mesh), keysOnly, broker.length > 0)];
  }
}

function daemonSource(dir: string, keysOnly: boolean, besideBroker: boolean): Source {
  requirePersistent(dir);
  if (!keysOnly) refuseHalfRecovered(dir);
  const { mesh, memberId } = readIdentity(dir);
  return {
    dir,
    files: daemonFiles,
    of: {
      of: "daemon",
      schema_version: schemaVersion,
      mesh: mesh.slug,
      mesh_id: mesh.mesh_id,
      member_id: memberId,
      member_name: mesh.member_name,
    },
    notices: [
      ...(keysOnly
        ? ["the outbox and the inbox are not in it: what waits to be sent, and what arrived, is in this home alone"]
        : holdsFiles(join(dir, "files"))
          ? ["files on their way are not in it: a message that waits with one needs it put again after a restore"]
          : []),
      ...(besideBroker ? ["the broker of this home is not in it: claudemesh backup --broker --out FILE"] : []),
    ],
  };
}

function brokerSource(dir: string, keysOnly: boolean): Source {
  const key = loadDeploymentKey(join(dir, "deployment_key.json"), { isFirstStart: false, now: Date.now() });
  return {
    dir,
    files: brokerFiles,
    of: { of: "broker", broker_key: key.publicKeyHex },
    notices: [
      ...(usesDatabase(dir) ? ["its messages are in PostgreSQL, which is backed up by its own means"] : []),
      ...(keysOnly && !usesDatabase(dir)
        ? ["its messages and memberships are not in it: a broker that is restored so knows no mesh"]
        : []),
      ...(holdsFiles(join(dir, "files")) ? ["files that messages carry are not in it"] : []),
    ],
  };
}

async function backupOne({ dir, files, of, notices }: Source, request: BackupRequest): Promise<BackupMade> {
  const slug = of.of === "daemon" ? of.mesh : null;
  const about = {
    ...of,
    program_version: readProgramVersion(),
    created_at: rfc3339(Date.now()),
    messages: !request.keysOnly,
  };
  // Before anything is copied: a place that cannot be written to is found at once.
  const target = await openTarget({ path: request.out, name: backupName(slug) }, { force: request.force, mode: 0o600 });
  try {
    return await withSnapshot(dir, files, { messages: !request.keysOnly }, async (snapshot) => {
      let bytes = 0;
      const { migrations } = snapshot;
      for await (const part of writeBackup({ ...about, migrations }, snapshot.files, request.passphrase)) {
        await target.write(part);
        bytes += part.length;
      }
      await target.keep();
      return {
        of: of.of,
        mesh: slug,
        address: of.of === "daemon" ? `@${of.member_name}` : null,
        path: target.path,
        bytes,
        files: snapshot.files.map(({ name }) => name),
        messages: !request.keysOnly,
        notices,
      };
    });
  } finally {
    await target.drop();
  }
}

/** What a file is called where only its folder was named. No mesh is called `_broker`: names begin with a letter or digit. */
function backupName(slug: string | null): string {
  return `${slug ?? "_broker"}.claudemesh-backup`;
}

function holdsFiles(folder: string): boolean {
  return (
    existsSync(folder) && readdirSync(folder, { recursive: true, withFileTypes: true }).some((entry) => entry.isFile())
  );
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}
