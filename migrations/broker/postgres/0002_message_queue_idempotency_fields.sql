-- Additive: without a default nothing is rewritten, and the table is locked for the moment of its catalogue's change.
-- Null for messages that the broker makes.
ALTER TABLE mesh.message_queue ADD COLUMN client_message_id text COLLATE "C", ADD COLUMN request_fingerprint bytea;
