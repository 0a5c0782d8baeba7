-- Who belongs to a mesh, entry by entry as it was signed (canonical JSON); the newest is the chain's head.
CREATE TABLE mesh.membership (
  mesh_id uuid NOT NULL, n integer NOT NULL, hash text COLLATE "C" NOT NULL, entry text NOT NULL, appended_at bigint NOT NULL,
  PRIMARY KEY (mesh_id, n)
);

-- What members that are in no chain yet say of their keys, for an owner to take them in by.
CREATE TABLE mesh.announced_key (
  mesh_id uuid NOT NULL, member_id text COLLATE "C" NOT NULL, x25519_pubkey text NOT NULL, proof text NOT NULL, announced_at bigint NOT NULL,
  PRIMARY KEY (mesh_id, member_id)
);
