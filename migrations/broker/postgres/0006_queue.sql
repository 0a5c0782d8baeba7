-- A message of a queue has its row in delivery_queue from the accept on, until retention or the queue's end: first_seq is where
-- that begins, so that a queue made anew under an old name owes nothing of the old one.
ALTER TABLE mesh.queue ADD COLUMN first_seq bigint NOT NULL DEFAULT 0;

-- Beside 'ready', 'leased' and 'dead' there is 'done': acknowledged. Done rows stay as long as their message: an
-- acknowledgement whose answer was lost can be repeated, and a message without a row is damage and not work that was done.
ALTER TABLE mesh.delivery_queue ADD COLUMN reason text, ADD COLUMN ended_at bigint;
CREATE INDEX delivery_queue_ready ON mesh.delivery_queue (mesh_id, queue, seq) WHERE state = 'ready';
CREATE INDEX delivery_queue_leased ON mesh.delivery_queue (mesh_id, queue, lease_until) WHERE state = 'leased';
CREATE INDEX delivery_queue_dead ON mesh.delivery_queue (mesh_id, queue, seq) WHERE state = 'dead';
CREATE INDEX delivery_queue_seq ON mesh.delivery_queue (mesh_id, seq);
