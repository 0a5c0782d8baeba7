-- One row per mesh; the head's counters live apart, in a narrow row that every accept rewrites.
CREATE TABLE mesh (
  mesh_id TEXT NOT NULL PRIMARY KEY,
  slug TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX mesh_slug ON mesh (slug);

CREATE TABLE mesh_head (
  mesh_id TEXT NOT NULL PRIMARY KEY,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every start of a broker on this store, with the head that it found. `ordinal` ascends over starts.
CREATE TABLE mesh_incarnation (
  mesh_id TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  incarnation TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  start_seq INTEGER NOT NULL,
  PRIMARY KEY (mesh_id, ordinal)
) STRICT, WITHOUT ROWID;

-- Losses of committed messages, as they were noticed: sequence numbers up to `prefix` are common to both logs.
CREATE TABLE mesh_break (
  mesh_id TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  prefix INTEGER NOT NULL,
  detected_at INTEGER NOT NULL,
  PRIMARY KEY (mesh_id, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE member (
  mesh_id TEXT NOT NULL,
  member_id TEXT NOT NULL,
  name TEXT NOT NULL COLLATE NOCASE,
  role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'guest')),
  status TEXT NOT NULL CHECK (status IN ('active', 'revoked')),
  link_epoch INTEGER NOT NULL DEFAULT 0,
  instance_id TEXT,
  online_until INTEGER NOT NULL DEFAULT 0,
  agents TEXT NOT NULL DEFAULT '[]',
  joined_at INTEGER NOT NULL,
  PRIMARY KEY (mesh_id, member_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX member_name ON member (mesh_id, name);

-- A deleted topic keeps its row while subscriptions that ended with it may still owe messages.
CREATE TABLE topic (
  mesh_id TEXT NOT NULL,
  topic_id TEXT NOT NULL,
  name TEXT NOT NULL COLLATE NOCASE,
  created_by TEXT,
  created_at INTEGER NOT NULL,
  deleted_at INTEGER,
  PRIMARY KEY (mesh_id, topic_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX topic_name ON topic (mesh_id, name) WHERE deleted_at IS NULL;

-- Intervals (first_seq, last_seq] of the log; last_seq NULL while subscribed.
CREATE TABLE topic_subscription (
  mesh_id TEXT NOT NULL,
  topic_id TEXT NOT NULL,
  member_id TEXT NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER,
  PRIMARY KEY (mesh_id, topic_id, member_id, first_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX topic_subscription_member ON topic_subscription (mesh_id, member_id);

-- destination: 'dm', or 'topic:<topic_id>'.
CREATE TABLE member_cursor (
  mesh_id TEXT NOT NULL,
  member_id TEXT NOT NULL,
  destination TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (mesh_id, member_id, destination)
) STRICT, WITHOUT ROWID;

CREATE TABLE client_message_dedupe (
  mesh_id TEXT NOT NULL,
  client_message_id TEXT NOT NULL,
  broker_message_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  incarnation INTEGER NOT NULL,
  request_fingerprint BLOB NOT NULL CHECK (length(request_fingerprint) = 32),
  fingerprint_version INTEGER NOT NULL,
  sender TEXT NOT NULL,
  destination_kind TEXT NOT NULL,
  destination_ref TEXT NOT NULL,
  first_seen_at INTEGER NOT NULL,
  expires_at INTEGER,
  history_available INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (mesh_id, client_message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX client_message_dedupe_expiry ON client_message_dedupe (mesh_id, expires_at) WHERE expires_at IS NOT NULL;

-- Ids that will never be committed.
CREATE TABLE void_claim (
  mesh_id TEXT NOT NULL,
  client_message_id TEXT NOT NULL,
  sender TEXT NOT NULL,
  claimed_at INTEGER NOT NULL,
  expires_at INTEGER,
  PRIMARY KEY (mesh_id, client_message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX void_claim_expiry ON void_claim (mesh_id, expires_at) WHERE expires_at IS NOT NULL;

-- The log. destination: 'dm:<member_id>', 'topic:<topic_id>' or 'queue:<name>'. With rowids, since a row of an index
-- b-tree that is larger than a quarter of a page would spill into pages of its own.
CREATE TABLE message_queue (
  mesh_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  incarnation INTEGER NOT NULL,
  broker_message_id TEXT NOT NULL,
  client_message_id TEXT,
  request_fingerprint BLOB,
  sender TEXT NOT NULL,
  destination TEXT NOT NULL,
  accepted_at INTEGER NOT NULL,
  envelope TEXT NOT NULL,
  PRIMARY KEY (mesh_id, seq)
) STRICT;
CREATE UNIQUE INDEX message_queue_client_id ON message_queue (mesh_id, client_message_id) WHERE client_message_id IS NOT NULL;
CREATE INDEX message_queue_destination ON message_queue (mesh_id, destination, seq);
CREATE INDEX message_queue_sent_dm ON message_queue (mesh_id, sender, seq) WHERE destination >= 'dm:' AND destination < 'dm;';

CREATE TABLE mention_index (
  mesh_id TEXT NOT NULL,
  member_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (mesh_id, member_id, seq)
) STRICT, WITHOUT ROWID;

-- Leases of work-queue messages only.
CREATE TABLE delivery_queue (
  mesh_id TEXT NOT NULL,
  queue TEXT NOT NULL,
  seq INTEGER NOT NULL,
  available_at INTEGER NOT NULL,
  deliveries INTEGER NOT NULL DEFAULT 0,
  lease_id TEXT,
  leased_by TEXT,
  lease_until INTEGER,
  dead_at INTEGER,
  PRIMARY KEY (mesh_id, queue, seq)
) STRICT, WITHOUT ROWID;

-- What retention took before it was delivered; kept until the member is told.
CREATE TABLE expiry_notice (
  mesh_id TEXT NOT NULL,
  member_id TEXT NOT NULL,
  notice_id INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('expired', 'gap')),
  client_message_id TEXT,
  destination TEXT NOT NULL,
  from_seq INTEGER NOT NULL,
  to_seq INTEGER NOT NULL,
  PRIMARY KEY (mesh_id, member_id, notice_id)
) STRICT, WITHOUT ROWID;

-- Receipts for senders that are offline; kept_order ascends.
CREATE TABLE kept_receipt (
  mesh_id TEXT NOT NULL,
  to_member TEXT NOT NULL,
  from_member TEXT NOT NULL,
  client_message_id TEXT NOT NULL,
  state_rank INTEGER NOT NULL,
  kept_order INTEGER NOT NULL,
  item TEXT NOT NULL,
  PRIMARY KEY (mesh_id, to_member, from_member, client_message_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX kept_receipt_order ON kept_receipt (mesh_id, to_member, kept_order);
