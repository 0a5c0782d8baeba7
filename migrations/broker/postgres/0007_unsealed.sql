-- The key of a direct caller is looked up by its hash, in its mesh alone.
CREATE UNIQUE INDEX api_key_hash ON mesh.api_key (mesh_id, key_hash);
CREATE INDEX api_key_expiry ON mesh.api_key (mesh_id, expires_at);

-- Up to which sequence number unsealed messages may stand in a topic that was closed for them since; 0: it never was open.
ALTER TABLE mesh.topic ADD COLUMN unsealed_through bigint NOT NULL DEFAULT 0;
