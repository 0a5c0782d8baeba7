-- Ways into a mesh. invite_id is a public key: the private one stands in the link and nowhere else.
CREATE TABLE invite (
  mesh_id TEXT NOT NULL, invite_id TEXT NOT NULL, role TEXT NOT NULL, uses INTEGER NOT NULL, created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, revoked_at INTEGER,
  PRIMARY KEY (mesh_id, invite_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX invite_expiry ON invite (mesh_id, expires_at);

-- Whom an invite admitted, with the signed admission as it came.
CREATE TABLE invite_use (
  mesh_id TEXT NOT NULL, invite_id TEXT NOT NULL, member_id TEXT NOT NULL, admission TEXT NOT NULL, used_at INTEGER NOT NULL,
  PRIMARY KEY (mesh_id, invite_id, member_id)
) STRICT, WITHOUT ROWID;
