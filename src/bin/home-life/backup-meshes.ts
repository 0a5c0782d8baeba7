import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { readProgramVersion } from "../../base/program-version.ts";
import type { BackupMade, BackupRequest } from "../../cli/home-life.ts";
import { openTarget } from "../../cli/new-file.ts";
import { daemonDirs, findDaemonDir } from "../../client/find-daemon.ts";
import { withSnapshot } from "../../daemon/backup/snapshot.ts";
import { writeBackup } from "../../daemon/backup/write-backup.ts";
import { readIdentity } from "../../daemon/identity/member.ts";
import { schemaVersion } from "../../daemon/schema-version.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { rfc3339 } from "../../protocol/time.ts";

/** What a file is called where only its folder was named. */
export function backupName(slug: string): string {
  return `${slug}.claudemesh-backup`;
}

/** Makes a backup of one mesh's daemon, or of every one. Holds off nothing: daemons run on, and may be started meanwhile. */
export async function backupMeshes(request: BackupRequest): Promise<readonly BackupMade[]> {
  const dirs = request.all
    ? daemonDirs(request.home).map(({ dir }) => dir)
    : [findDaemonDir(request.home, request.mesh)];
  if (dirs.length === 0)
    throw new ClaudemeshError("not_running", `${request.home} has no daemon yet`, { hint: "claudemesh up" });
  if (request.all && !isFolder(request.out))
    throw new ClaudemeshError("usage", `${request.out} is no folder: with --all, every mesh gets a file in one`, {
      hint: "make it first: mkdir FOLDER, then claudemesh backup --all --out FOLDER",
    });
  const made: BackupMade[] = [];
  for (const dir of dirs) made.push(await backupMesh(dir, request));
  return made;
}

async function backupMesh(dir: string, request: BackupRequest): Promise<BackupMade> {
  const { mesh, memberId } = readIdentity(dir);
  const about = {
    program_version: readProgramVersion(),
    schema_version: schemaVersion,
    created_at: rfc3339(Date.now()),
    mesh: mesh.slug,
    mesh_id: mesh.mesh_id,
    member_id: memberId,
    member_name: mesh.member_name,
    messages: !request.keysOnly,
  };
  // Before anything is copied: a place that cannot be written to is found at once.
  const target = await openTarget(
    { path: request.out, name: backupName(mesh.slug) },
    { force: request.force, mode: 0o600 },
  );
  try {
    return await withSnapshot(dir, { messages: !request.keysOnly }, async ({ files, migrations }) => {
      let bytes = 0;
      for await (const part of writeBackup({ ...about, migrations }, files, request.passphrase)) {
        await target.write(part);
        bytes += part.length;
      }
      await target.keep();
      return {
        mesh: mesh.slug,
        address: `@${mesh.member_name}`,
        path: target.path,
        bytes,
        files: files.map(({ name }) => name),
        messages: !request.keysOnly,
        notices: noticesOf(dir, request),
      };
    });
  } finally {
    await target.drop();
  }
}

function noticesOf(dir: string, { home, keysOnly }: BackupRequest): string[] {
  const spool = join(dir, "files");
  const hasFiles =
    existsSync(spool) && readdirSync(spool, { recursive: true, withFileTypes: true }).some((entry) => entry.isFile());
  return [
    ...(keysOnly
      ? ["the outbox and the inbox are not in it: what waits to be sent, and what arrived, are lost with this home"]
      : []),
    ...(hasFiles && !keysOnly
      ? ["files on their way are not in it: a message that waits with one needs its file again after a restore"]
      : []),
    ...(existsSync(join(home, "broker"))
      ? ["this home's own broker is not in it: its folder is backed up with the broker stopped"]
      : []),
  ];
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}
