-- Versions of the wire fingerprint that daemons were told to seal under, and until when.
CREATE TABLE fingerprint_offer (name TEXT PRIMARY KEY, last_offered_at INTEGER NOT NULL) STRICT;

-- Before this table every broker offered both that there were, until now.
INSERT INTO fingerprint_offer (name, last_offered_at)
SELECT name, CAST(strftime('%s', 'now') AS INTEGER) * 1000
  FROM (SELECT 'sha256-jcs-v1' AS name UNION ALL SELECT 'sha256-jcs-v2')
 WHERE EXISTS (SELECT 1 FROM mesh);
