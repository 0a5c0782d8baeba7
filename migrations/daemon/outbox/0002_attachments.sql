-- Files that a message carries: a JSON list of what they are, without their keys, "" for none. They go with the body.
ALTER TABLE outbox ADD COLUMN attachments TEXT NOT NULL DEFAULT '';
CREATE INDEX outbox_files ON outbox (id) WHERE attachments <> '' AND status IN ('pending', 'inflight');
