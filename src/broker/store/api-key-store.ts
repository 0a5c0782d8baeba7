import type { ApiKeyScope } from "../../protocol/api-key.ts";

/** What the broker keeps for callers without a daemon: their keys, and where they may hand in what is not sealed. */
export interface ApiKeyStore {
  /** too_many_api_keys; not_a_member when the member is none or was revoked. */
  createApiKey(key: NewApiKey): Promise<ApiKeyRow>;
  /** Newest first, ended ones included until upkeep forgets them. */
  apiKeys(meshId: string): Promise<ApiKeyRow[]>;
  /** Of this mesh alone, whatever its state; the hash is SHA-256 of the key's secret. */
  apiKeyByHash(meshId: string, keyHash: Uint8Array): Promise<FoundApiKey | null>;
  /** Revoked before: returned unchanged. Unknown: not_found. */
  revokeApiKey(meshId: string, keyId: string, now: number): Promise<ApiKeyRow>;
  /** Coarse: the caller decides how often. Loss at a crash is harmless. */
  touchApiKey(meshId: string, keyId: string, now: number): Promise<void>;
  /** Forgets keys that ended before a time; returns how many. */
  expireApiKeys(meshId: string, endedBefore: number, options: { limit: number; dryRun: boolean }): Promise<number>;
}

export interface ApiKeyRow {
  readonly mesh_id: string;
  /** UUIDv7. Names the key in lists, in the log, and in what came by it; it opens nothing. */
  readonly key_id: string;
  readonly member_id: string;
  /** What its maker calls it. */
  readonly name: string;
  readonly scopes: readonly ApiKeyScope[];
  /** `#topic` and `queue:name`; null: wherever its member may. */
  readonly destinations: readonly string[] | null;
  readonly created_at: number;
  readonly expires_at: number;
  readonly revoked_at: number | null;
  readonly last_used_at: number | null;
}

export interface NewApiKey extends Omit<ApiKeyRow, "revoked_at" | "last_used_at"> {
  /** 32 bytes. */
  readonly key_hash: Uint8Array;
}

/** With the hash as it is kept, for its finder to compare. */
export interface FoundApiKey extends ApiKeyRow {
  readonly key_hash: Uint8Array;
}
