import { readApiKey } from "../read-row.ts";
import { limits } from "../../../protocol/limits.ts";
import type { ApiKeyRow, FoundApiKey, NewApiKey } from "../api-key-store.ts";
import { keyOwnerNoMember, tooManyApiKeys, unknownApiKey } from "../api-key-refusals.ts";
import type { Sql, StoreCore } from "./core.ts";
import { member } from "./directory.ts";

const columns =
  "mesh_id, key_id, key_hash, member_id, name, scopes, destinations, created_at, expires_at, revoked_at, last_used_at";

export function createApiKey(core: StoreCore, key: NewApiKey): Promise<ApiKeyRow> {
  return core.locked(key.mesh_id, async (tx) => {
    if ((await member(tx, key.mesh_id, key.member_id))?.status !== "active") throw keyOwnerNoMember();
    const [open] = await tx.rows(
      "SELECT count(*) AS n FROM mesh.api_key WHERE mesh_id = $1 AND expires_at > $2 AND revoked_at IS NULL",
      [key.mesh_id, key.created_at],
    );
    if (Number(open?.["n"]) >= limits.apiKeysOpenMax) throw tooManyApiKeys();
    await tx.rows(
      `INSERT INTO mesh.api_key (mesh_id, key_id, key_hash, member_id, name, scopes, destinations, created_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        key.mesh_id,
        key.key_id,
        Buffer.from(key.key_hash),
        key.member_id,
        key.name,
        JSON.stringify(key.scopes),
        key.destinations === null ? null : JSON.stringify(key.destinations),
        key.created_at,
        key.expires_at,
      ],
    );
    return requireApiKey(tx, key.mesh_id, key.key_id);
  });
}

export async function apiKeys(core: StoreCore, meshId: string): Promise<ApiKeyRow[]> {
  const text = `SELECT ${columns} FROM mesh.api_key WHERE mesh_id = $1 ORDER BY created_at DESC, key_id DESC LIMIT ${limits.pageItemsMax}`;
  return (await core.rows(text, [meshId])).map(readApiKey);
}

export async function apiKeyByHash(core: StoreCore, meshId: string, keyHash: Uint8Array): Promise<FoundApiKey | null> {
  const text = `SELECT ${columns} FROM mesh.api_key WHERE mesh_id = $1 AND key_hash = $2`;
  const [row] = await core.rows(text, [meshId, Buffer.from(keyHash)]);
  return row === undefined ? null : { ...readApiKey(row), key_hash: row["key_hash"] as Buffer };
}

/** Without the mesh's lock: it is a row of its own, and from its commit on every look-up sees it. */
export function revokeApiKey(core: StoreCore, meshId: string, keyId: string, now: number): Promise<ApiKeyRow> {
  return core.transaction(async (tx) => {
    await tx.rows("UPDATE mesh.api_key SET revoked_at = $3 WHERE mesh_id = $1 AND key_id = $2 AND revoked_at IS NULL", [
      meshId,
      keyId,
      now,
    ]);
    return requireApiKey(tx, meshId, keyId);
  });
}

export async function touchApiKey(core: StoreCore, meshId: string, keyId: string, now: number): Promise<void> {
  await core.rows("UPDATE mesh.api_key SET last_used_at = $3 WHERE mesh_id = $1 AND key_id = $2", [meshId, keyId, now]);
}

/** A revoked one is remembered until it would have been over anyway: whoever looks for it finds out what became of it. */
export async function expireApiKeys(
  core: StoreCore,
  meshId: string,
  endedBefore: number,
  { limit, dryRun }: { limit: number; dryRun: boolean },
): Promise<number> {
  const due =
    "SELECT key_id FROM mesh.api_key WHERE mesh_id = $1 AND expires_at < $2 ORDER BY expires_at, key_id LIMIT $3";
  const [row] = await core.rows(
    dryRun
      ? `SELECT count(*) AS n FROM (${due}) d`
      : `WITH gone AS (DELETE FROM mesh.api_key WHERE mesh_id = $1 AND key_id IN (${due}) RETURNING 1) SELECT count(*) AS n FROM gone`,
    [meshId, endedBefore, limit],
  );
  return Number(row?.["n"]);
}

async function requireApiKey(tx: Sql, meshId: string, keyId: string): Promise<ApiKeyRow> {
  const [row] = await tx.rows(`SELECT ${columns} FROM mesh.api_key WHERE mesh_id = $1 AND key_id = $2`, [
    meshId,
    keyId,
  ]);
  if (row === undefined) throw unknownApiKey();
  return readApiKey(row);
}
