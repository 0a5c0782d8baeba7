-- created_by: the member that signed it, of whose epochs only so many are taken in an hour.
ALTER TABLE mesh.epoch ADD COLUMN created_by text COLLATE "C" NOT NULL DEFAULT '';
UPDATE mesh.epoch SET created_by = record::json ->> 'created_by';
CREATE INDEX epoch_created_by ON mesh.epoch (mesh_id, destination, created_by, created_at);

-- handed_in_by: member_id; null: it was not noted then.
ALTER TABLE mesh.epoch_wrap ADD COLUMN handed_in_by text COLLATE "C";

-- Whose wrap of an epoch did not open for its member: it is given no other by the same.
CREATE TABLE mesh.epoch_wrap_refusal (
  mesh_id uuid NOT NULL, epoch_id text COLLATE "C" NOT NULL, member_id text COLLATE "C" NOT NULL,
  handed_in_by text COLLATE "C" NOT NULL, refused_at bigint NOT NULL,
  PRIMARY KEY (mesh_id, epoch_id, member_id, handed_in_by)
);

-- Topics and queues (#name, queue:name) that the membership chain opens for unsealed messages, those that are yet to be made included.
CREATE TABLE mesh.opened_destination (
  mesh_id uuid NOT NULL, destination text COLLATE "C" NOT NULL,
  PRIMARY KEY (mesh_id, destination)
);
INSERT INTO mesh.opened_destination (mesh_id, destination)
SELECT mesh_id, destination FROM (
  SELECT DISTINCT ON (mesh_id, entry::json ->> 'destination') mesh_id, entry::json ->> 'destination' AS destination,
      entry::json ->> 'unsealed' AS unsealed
    FROM mesh.membership WHERE entry::json ->> 'kind' = 'policy'
   ORDER BY mesh_id, entry::json ->> 'destination', n DESC) newest
 WHERE unsealed = 'true';
