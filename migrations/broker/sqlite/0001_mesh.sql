-- Every key begins with mesh_id. Times are epoch milliseconds.
CREATE TABLE mesh (mesh_id TEXT PRIMARY KEY, slug TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- The counter that numbers the log: narrow, one row a mesh.
CREATE TABLE mesh_head (mesh_id TEXT PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Each start of the broker, and where each mesh's log stood then: from these the common prefix of a lost log is found.
CREATE TABLE incarnation (n INTEGER PRIMARY KEY, incarnation TEXT NOT NULL UNIQUE, started_at INTEGER NOT NULL) STRICT;
CREATE TABLE incarnation_head (mesh_id TEXT NOT NULL, n INTEGER NOT NULL, head INTEGER NOT NULL, PRIMARY KEY (mesh_id, n)) STRICT, WITHOUT ROWID;
CREATE TABLE log_break (
  mesh_id TEXT NOT NULL, epoch INTEGER NOT NULL, prefix INTEGER NOT NULL, detected_at INTEGER NOT NULL, lost_incarnation TEXT NOT NULL,
  PRIMARY KEY (mesh_id, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE member (
  mesh_id TEXT NOT NULL, member_id TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE, role TEXT NOT NULL, status TEXT NOT NULL,
  link_epoch INTEGER NOT NULL DEFAULT 0, instance_id TEXT, online_until INTEGER NOT NULL DEFAULT 0,
  agents TEXT NOT NULL DEFAULT '[]', joined_at INTEGER NOT NULL,
  PRIMARY KEY (mesh_id, member_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX member_name ON member (mesh_id, name);

CREATE TABLE topic (
  mesh_id TEXT NOT NULL, topic_id TEXT NOT NULL, name TEXT NOT NULL, created_by TEXT NOT NULL, created_at INTEGER NOT NULL, deleted_at INTEGER,
  PRIMARY KEY (mesh_id, topic_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX topic_name ON topic (mesh_id, name) WHERE deleted_at IS NULL;

-- Interval (first_seq, last_seq] of the log; last_seq null while it is open.
CREATE TABLE subscription (
  mesh_id TEXT NOT NULL, member_id TEXT NOT NULL, topic_id TEXT NOT NULL, first_seq INTEGER NOT NULL, last_seq INTEGER,
  PRIMARY KEY (mesh_id, member_id, topic_id, first_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX subscription_topic ON subscription (mesh_id, topic_id, member_id);

-- What a member has acknowledged of a destination: 'dm' or 'topic:<topic_id>'.
CREATE TABLE cursor (
  mesh_id TEXT NOT NULL, member_id TEXT NOT NULL, destination TEXT NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (mesh_id, member_id, destination)
) STRICT, WITHOUT ROWID;

-- The log. destination: 'dm:<member_id>', 'topic:<topic_id>' or 'queue:<name>'.
CREATE TABLE message_queue (
  mesh_id TEXT NOT NULL, seq INTEGER NOT NULL, epoch INTEGER NOT NULL, incarnation INTEGER NOT NULL,
  broker_message_id TEXT NOT NULL, client_message_id TEXT, request_fingerprint BLOB,
  sender TEXT NOT NULL, destination TEXT NOT NULL, envelope TEXT NOT NULL, accepted_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX message_queue_seq ON message_queue (mesh_id, seq);
CREATE UNIQUE INDEX message_queue_client_id ON message_queue (mesh_id, client_message_id) WHERE client_message_id IS NOT NULL;
CREATE INDEX message_queue_destination ON message_queue (mesh_id, destination, seq);
-- A member's own side of its direct messages: without it a page of history would read the whole log.
CREATE INDEX message_queue_sent_dm ON message_queue (mesh_id, sender, seq) WHERE destination GLOB 'dm:*';

CREATE TABLE client_message_dedupe (
  mesh_id TEXT NOT NULL, client_message_id TEXT NOT NULL, broker_message_id TEXT NOT NULL, seq INTEGER NOT NULL, epoch INTEGER NOT NULL,
  request_fingerprint BLOB NOT NULL CHECK (length(request_fingerprint) = 32), fingerprint_version INTEGER NOT NULL, sender TEXT NOT NULL,
  destination_kind TEXT NOT NULL, destination_ref TEXT NOT NULL, first_seen_at INTEGER NOT NULL, expires_at INTEGER,
  history_available INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (mesh_id, client_message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX client_message_dedupe_seq ON client_message_dedupe (mesh_id, seq);
CREATE INDEX client_message_dedupe_expiry ON client_message_dedupe (mesh_id, expires_at) WHERE history_available = 0 AND expires_at IS NOT NULL;

-- Ids that will never be committed.
CREATE TABLE void_claim (
  mesh_id TEXT NOT NULL, client_message_id TEXT NOT NULL, sender TEXT NOT NULL, expires_at INTEGER,
  PRIMARY KEY (mesh_id, client_message_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE mention_index (mesh_id TEXT NOT NULL, member TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (mesh_id, member, seq)) STRICT, WITHOUT ROWID;
CREATE INDEX mention_index_seq ON mention_index (mesh_id, seq);

-- Leases of work-queue messages.
CREATE TABLE delivery_queue (
  mesh_id TEXT NOT NULL, queue TEXT NOT NULL, seq INTEGER NOT NULL, state TEXT NOT NULL, lease_id TEXT, leased_by TEXT,
  lease_until INTEGER, deliveries INTEGER NOT NULL DEFAULT 0, available_at INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (mesh_id, queue, seq)
) STRICT, WITHOUT ROWID;

-- Retention passed a cursor: told to sender and receiver.
CREATE TABLE notice (
  mesh_id TEXT NOT NULL, id INTEGER PRIMARY KEY, member TEXT NOT NULL, kind TEXT NOT NULL, client_message_id TEXT,
  destination TEXT NOT NULL, from_seq INTEGER NOT NULL, to_seq INTEGER NOT NULL, kept_at INTEGER NOT NULL
) STRICT;
CREATE INDEX notice_member ON notice (mesh_id, member, id);

-- For senders that were not here: signed groups of receipts, as their receivers made them.
CREATE TABLE receipt (
  mesh_id TEXT NOT NULL, id INTEGER PRIMARY KEY AUTOINCREMENT, recipient TEXT NOT NULL, items INTEGER NOT NULL,
  receipt_group TEXT NOT NULL, kept_at INTEGER NOT NULL
) STRICT;
CREATE INDEX receipt_recipient ON receipt (mesh_id, recipient, id);
