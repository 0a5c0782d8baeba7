-- without transaction: writers go on while the index is built. What a build that was interrupted left behind is dropped first.
DROP INDEX CONCURRENTLY IF EXISTS mesh.message_queue_client_id;
CREATE UNIQUE INDEX CONCURRENTLY message_queue_client_id ON mesh.message_queue (mesh_id, client_message_id) WHERE client_message_id IS NOT NULL;
