-- Keys of callers without a daemon. key_hash: SHA-256 of the key's secret, which stands nowhere. scopes and destinations: JSON.
CREATE TABLE api_key (
  mesh_id TEXT NOT NULL, key_id TEXT NOT NULL, key_hash BLOB NOT NULL CHECK (length(key_hash) = 32), member_id TEXT NOT NULL,
  name TEXT NOT NULL, scopes TEXT NOT NULL, destinations TEXT, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
  revoked_at INTEGER, last_used_at INTEGER,
  PRIMARY KEY (mesh_id, key_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX api_key_hash ON api_key (mesh_id, key_hash);
CREATE INDEX api_key_expiry ON api_key (mesh_id, expires_at);

-- Whether API keys may hand in unsealed messages, and up to which sequence number such ones may stand after it was closed.
ALTER TABLE topic ADD COLUMN unsealed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE topic ADD COLUMN unsealed_through INTEGER NOT NULL DEFAULT 0;
