-- Queues of a mesh. A message of a queue has its row in delivery_queue from the accept on, until retention or the queue's end:
-- first_seq is where that begins, so that a queue made anew under an old name owes nothing of the old one.
CREATE TABLE queue (
  mesh_id TEXT NOT NULL, name TEXT NOT NULL, created_by TEXT NOT NULL, created_at INTEGER NOT NULL, first_seq INTEGER NOT NULL,
  deliveries_max INTEGER NOT NULL, unsealed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (mesh_id, name)
) STRICT, WITHOUT ROWID;

-- state: ready, leased, dead (dead letter) or done (acknowledged). Done rows stay as long as their message: an acknowledgement
-- whose answer was lost can be repeated, and a message without a row is damage and not work that was done.
ALTER TABLE delivery_queue ADD COLUMN reason TEXT;
ALTER TABLE delivery_queue ADD COLUMN ended_at INTEGER;
CREATE INDEX delivery_queue_ready ON delivery_queue (mesh_id, queue, seq) WHERE state = 'ready';
CREATE INDEX delivery_queue_leased ON delivery_queue (mesh_id, queue, lease_until) WHERE state = 'leased';
CREATE INDEX delivery_queue_dead ON delivery_queue (mesh_id, queue, seq) WHERE state = 'dead';
CREATE INDEX delivery_queue_seq ON delivery_queue (mesh_id, seq);
