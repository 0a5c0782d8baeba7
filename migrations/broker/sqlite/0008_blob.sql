-- Sealed pieces of files. Their bytes are in the blob store; a row stands before the first byte is written there and goes after
-- the last is removed, so that nothing there is without one. state: pending while bytes are written, removing while they go.
CREATE TABLE blob (
  mesh_id TEXT NOT NULL, blob_id TEXT NOT NULL, bytes INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'present', 'removing')), refreshed_at INTEGER NOT NULL,
  PRIMARY KEY (mesh_id, blob_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_expiry ON blob (mesh_id, refreshed_at);
-- The sum of a mesh's blobs, kept with them.
CREATE TABLE blob_total (mesh_id TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;
