-- without transaction: writers go on while the index is built. What a build that was interrupted left behind is dropped first.
-- Each broker asks every few seconds whose lease has ended: by this, whatever the number of members.
DROP INDEX CONCURRENTLY IF EXISTS mesh.member_online;
CREATE INDEX CONCURRENTLY member_online ON mesh.member (mesh_id, online_until);
