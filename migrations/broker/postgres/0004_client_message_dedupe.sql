CREATE TABLE mesh.client_message_dedupe (
  mesh_id uuid NOT NULL, client_message_id text COLLATE "C" NOT NULL, broker_message_id uuid NOT NULL, seq bigint NOT NULL, epoch integer NOT NULL,
  request_fingerprint bytea NOT NULL CHECK (octet_length(request_fingerprint) = 32), fingerprint_version smallint NOT NULL,
  sender text COLLATE "C" NOT NULL, destination_kind text NOT NULL, destination_ref text NOT NULL, first_seen_at bigint NOT NULL,
  -- null: permanent.
  expires_at bigint, history_available boolean NOT NULL DEFAULT true,
  PRIMARY KEY (mesh_id, client_message_id)
);
-- Records are written in the order of their numbers, so this needs no entry a record: it serves the consistency check alone.
CREATE INDEX client_message_dedupe_seq ON mesh.client_message_dedupe USING brin (mesh_id, seq);
-- A record never expires before its message: while that is kept, this index knows nothing of it.
CREATE INDEX client_message_dedupe_expiry ON mesh.client_message_dedupe (mesh_id, expires_at) WHERE expires_at IS NOT NULL AND NOT history_available;

-- Ids that will never be committed.
CREATE TABLE mesh.void_claim (
  mesh_id uuid NOT NULL, client_message_id text COLLATE "C" NOT NULL, sender text NOT NULL, expires_at bigint,
  PRIMARY KEY (mesh_id, client_message_id)
);
CREATE INDEX void_claim_expiry ON mesh.void_claim (mesh_id, expires_at) WHERE expires_at IS NOT NULL;
