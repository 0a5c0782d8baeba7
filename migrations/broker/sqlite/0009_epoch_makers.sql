-- created_by: the member that signed it, of whose epochs only so many are taken in an hour.
ALTER TABLE epoch ADD COLUMN created_by TEXT NOT NULL DEFAULT '';
UPDATE epoch SET created_by = record ->> 'created_by';
CREATE INDEX epoch_created_by ON epoch (mesh_id, destination, created_by, created_at);

-- handed_in_by: member_id; null: it was not noted then.
ALTER TABLE epoch_wrap ADD COLUMN handed_in_by TEXT;

-- Whose wrap of an epoch did not open for its member: it is given no other by the same.
CREATE TABLE epoch_wrap_refusal (
  mesh_id TEXT NOT NULL, epoch_id TEXT NOT NULL, member_id TEXT NOT NULL, handed_in_by TEXT NOT NULL, refused_at INTEGER NOT NULL,
  PRIMARY KEY (mesh_id, epoch_id, member_id, handed_in_by)
) STRICT, WITHOUT ROWID;

-- Topics and queues (#name, queue:name) that the membership chain opens for unsealed messages, those that are yet to be made included.
CREATE TABLE opened_destination (
  mesh_id TEXT NOT NULL, destination TEXT NOT NULL,
  PRIMARY KEY (mesh_id, destination)
) STRICT, WITHOUT ROWID;
INSERT INTO opened_destination (mesh_id, destination)
SELECT p.mesh_id, p.entry ->> 'destination' FROM membership p WHERE p.entry ->> 'kind' = 'policy' AND p.entry ->> 'unsealed' = 1
   AND NOT EXISTS (SELECT 1 FROM membership l WHERE l.mesh_id = p.mesh_id AND l.n > p.n AND l.entry ->> 'kind' = 'policy'
     AND l.entry ->> 'destination' = p.entry ->> 'destination');
