-- Who belongs to a mesh, entry by entry as it was signed (canonical JSON); the newest is the chain's head.
CREATE TABLE membership (
  mesh_id TEXT NOT NULL, n INTEGER NOT NULL, hash TEXT NOT NULL, entry TEXT NOT NULL, appended_at INTEGER NOT NULL,
  PRIMARY KEY (mesh_id, n)
) STRICT, WITHOUT ROWID;

-- What members that are in no chain yet say of their keys, for an owner to take them in by.
CREATE TABLE announced_key (
  mesh_id TEXT NOT NULL, member_id TEXT NOT NULL, x25519_pubkey TEXT NOT NULL, proof TEXT NOT NULL, announced_at INTEGER NOT NULL,
  PRIMARY KEY (mesh_id, member_id)
) STRICT, WITHOUT ROWID;
