-- Versions of the wire fingerprint that daemons were told to seal under by some broker, and until when.
CREATE TABLE mesh.fingerprint_offer (name text COLLATE "C" PRIMARY KEY, last_offered_at bigint NOT NULL);

-- Before this table every broker offered both that there were, until now.
INSERT INTO mesh.fingerprint_offer (name, last_offered_at)
SELECT name, floor(extract(epoch FROM now()) * 1000)::bigint
  FROM unnest(ARRAY['sha256-jcs-v1', 'sha256-jcs-v2']) AS before (name)
 WHERE EXISTS (SELECT 1 FROM mesh.mesh_head);
