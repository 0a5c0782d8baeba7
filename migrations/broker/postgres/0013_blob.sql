-- Sealed pieces of files. Their bytes are in the blob store; a row stands before the first byte is written there and goes after
-- the last is removed, so that nothing there is without one. state: pending while bytes are written, removing while they go.
CREATE TABLE mesh.blob (
  mesh_id uuid NOT NULL, blob_id text COLLATE "C" NOT NULL, bytes bigint NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'present', 'removing')), refreshed_at bigint NOT NULL,
  PRIMARY KEY (mesh_id, blob_id)
);
CREATE INDEX blob_expiry ON mesh.blob (mesh_id, refreshed_at);
-- The sum of a mesh's blobs, kept with them.
CREATE TABLE mesh.blob_total (mesh_id uuid PRIMARY KEY, bytes bigint NOT NULL);
