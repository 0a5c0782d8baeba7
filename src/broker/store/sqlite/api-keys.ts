import { limits } from "../../../protocol/limits.ts";
import type { ApiKeyRow, FoundApiKey, NewApiKey } from "../api-key-store.ts";
import { keyOwnerNoMember, tooManyApiKeys, unknownApiKey } from "../api-key-refusals.ts";
import { readApiKey } from "../read-row.ts";
import type { StoreCore } from "./core.ts";
import { member } from "./directory.ts";

export function createApiKey(core: StoreCore, key: NewApiKey): ApiKeyRow {
  return core.transaction(() => {
    if (member(core, key.mesh_id, key.member_id)?.status !== "active") throw keyOwnerNoMember();
    const open = core
      .sql("SELECT count(*) AS n FROM api_key WHERE mesh_id = ? AND expires_at > ? AND revoked_at IS NULL")
      .get(key.mesh_id, key.created_at);
    if (Number(open?.["n"]) >= limits.apiKeysOpenMax) throw tooManyApiKeys();
    core
      .sql(
        `INSERT INTO api_key (mesh_id, key_id, key_hash, member_id, name, scopes, destinations, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        key.mesh_id,
        key.key_id,
        key.key_hash,
        key.member_id,
        key.name,
        JSON.stringify(key.scopes),
        key.destinations === null ? null : JSON.stringify(key.destinations),
        key.created_at,
        key.expires_at,
      );
    return requireApiKey(core, key.mesh_id, key.key_id);
  });
}

export function apiKeys(core: StoreCore, meshId: string): ApiKeyRow[] {
  return core
    .sql(`SELECT * FROM api_key WHERE mesh_id = ? ORDER BY created_at DESC, key_id DESC LIMIT ${limits.pageItemsMax}`)
    .all(meshId)
    .map(readApiKey);
}

export function apiKeyByHash(core: StoreCore, meshId: string, keyHash: Uint8Array): FoundApiKey | null {
  const row = core.sql("SELECT * FROM api_key WHERE mesh_id = ? AND key_hash = ?").get(meshId, keyHash);
  return row === undefined ? null : { ...readApiKey(row), key_hash: row["key_hash"] as Uint8Array };
}

export function revokeApiKey(core: StoreCore, meshId: string, keyId: string, now: number): ApiKeyRow {
  return core.transaction(() => {
    core
      .sql("UPDATE api_key SET revoked_at = ? WHERE mesh_id = ? AND key_id = ? AND revoked_at IS NULL")
      .run(now, meshId, keyId);
    return requireApiKey(core, meshId, keyId);
  });
}

export function touchApiKey(core: StoreCore, meshId: string, keyId: string, now: number): void {
  core.sql("UPDATE api_key SET last_used_at = ? WHERE mesh_id = ? AND key_id = ?").run(now, meshId, keyId);
}

/** A revoked one is remembered until it would have been over anyway: whoever looks for it finds out what became of it. */
export function expireApiKeys(
  core: StoreCore,
  meshId: string,
  endedBefore: number,
  options: { limit: number; dryRun: boolean },
): number {
  const due = "SELECT key_id FROM api_key WHERE mesh_id = ?1 AND expires_at < ?2 ORDER BY expires_at LIMIT ?3";
  const values = [meshId, endedBefore, options.limit] as const;
  if (options.dryRun) return Number(core.sql(`SELECT count(*) AS n FROM (${due})`).get(...values)?.["n"]);
  return core.transaction(() =>
    Number(core.sql(`DELETE FROM api_key WHERE mesh_id = ?1 AND key_id IN (${due})`).run(...values).changes),
  );
}

function requireApiKey(core: StoreCore, meshId: string, keyId: string): ApiKeyRow {
  const row = core.sql("SELECT * FROM api_key WHERE mesh_id = ? AND key_id = ?").get(meshId, keyId);
  if (row !== undefined) return readApiKey(row);
  throw unknownApiKey();
}
