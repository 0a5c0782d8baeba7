-- Files that a message brings: a JSON list with the key of each, "" for none. They go with the body.
ALTER TABLE inbox ADD COLUMN attachments TEXT NOT NULL DEFAULT '';
