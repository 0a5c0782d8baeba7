import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLog } from "../../base/log.ts";
import { readKeypair } from "../identity/keypair.ts";
import { readMeshFile } from "../identity/mesh-file.ts";
import { readTopicKeys } from "../keys/topic-keys-file.ts";
import { openMembershipFile } from "../membership/membership-file.ts";
import { checkSchemaVersion } from "../schema-version.ts";
import { unreadable } from "./backup-header.ts";
import { type Manifest, newer, type OfDaemon } from "./manifest.ts";

/** Folders of the migrations of each database that a backup of a daemon may hold. */
export const daemonMigrations: Readonly<Record<string, string>> = {
  "outbox.db": fileURLToPath(new URL("../../../migrations/daemon/outbox", import.meta.url)),
  "inbox.db": fileURLToPath(new URL("../../../migrations/daemon/inbox", import.meta.url)),
};

/** Throws schema_newer where a database of the backup is of a newer program. */
export function checkMigrations(manifest: Manifest, folders: Readonly<Record<string, string>>): void {
  for (const [name, applied] of Object.entries(manifest.migrations)) {
    const folder = Object.hasOwn(folders, name) ? folders[name] : undefined;
    if (folder === undefined) throw unreadable();
    const known = new Set(readdirSync(folder));
    if (applied.some((migration) => !known.has(migration))) throw newer(manifest.program_version);
  }
}

/**
 * Whether what a backup has put into `dir` is a member that this program can run: who it says it is, and nothing of a newer
 * program's. Throws schema_newer, invalid_config, store_corrupt, backup_unreadable.
 */
export function checkRestored(dir: string, manifest: Manifest & OfDaemon, now: number): void {
  checkMigrations(manifest, daemonMigrations);
  checkSchemaVersion(dir);
  const mesh = readMeshFile(dir);
  const { memberId } = readKeypair(dir);
  const isSame = memberId === manifest.member_id && mesh.mesh_id === manifest.mesh_id && mesh.slug === manifest.mesh;
  if (!isSame) throw unreadable();
  openMembershipFile(dir, mesh.mesh_id, silentLog);
  const topicKeys = join(dir, "topic_keys.json");
  if (existsSync(topicKeys)) readTopicKeys(topicKeys, silentLog, now);
}
