-- A dump put back into the server that it was taken of is another log in the same life of that server: only the identity of its
-- tables tells. The default is computed whenever a row is inserted, and once here for the row that is there.
ALTER TABLE mesh.deployment ADD COLUMN table_oid oid NOT NULL DEFAULT to_regclass('mesh.incarnation')::oid;
