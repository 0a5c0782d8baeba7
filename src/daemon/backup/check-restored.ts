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
import { type Manifest, newer } from "./manifest.ts";

const migrationFolders: Readonly<Record<string, string>> = {
  "outbox.db": fileURLToPath(new URL("../../../migrations/daemon/outbox", import.meta.url)),
  "inbox.db": fileURLToPath(new URL("../../../migrations/daemon/inbox", import.meta.url)),
};

/**
 * Whether what a backup has put into `dir` is a member that this program can run: who it says it is, and nothing of a newer
 * program's. Throws schema_newer, invalid_config, store_corrupt, backup_unreadable.
 */
export function checkRestored(dir: string, manifest: Manifest, now: number): void {
  for (const [name, applied] of Object.entries(manifest.migrations)) {
    const folder = migrationFolders[name];
    if (folder === undefined) throw unreadable();
    const known = new Set(readdirSync(folder));
    if (applied.some((migration) => !known.has(migration))) throw newer(manifest.program_version);
  }
  checkSchemaVersion(dir);
  const mesh = readMeshFile(dir);
  const { memberId } = readKeypair(dir);
  const isSame = memberId === manifest.member_id && mesh.mesh_id === manifest.mesh_id && mesh.slug === manifest.mesh;
  if (!isSame) throw unreadable();
  openMembershipFile(dir, mesh.mesh_id, silentLog);
  const topicKeys = join(dir, "topic_keys.json");
  if (existsSync(topicKeys)) readTopicKeys(topicKeys, silentLog, now);
}
