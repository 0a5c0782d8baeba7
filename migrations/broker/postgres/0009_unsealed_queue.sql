-- Up to which sequence number unsealed messages may stand in a queue that was closed for them since; 0: it never was open.
ALTER TABLE mesh.queue ADD COLUMN unsealed_through bigint NOT NULL DEFAULT 0;
