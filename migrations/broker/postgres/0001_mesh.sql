-- Every key begins with mesh_id, so that a distributed PostgreSQL can spread meshes over its nodes. Times are epoch milliseconds.
CREATE SCHEMA IF NOT EXISTS mesh;

-- The one deployment that this database belongs to: its brokers all hold the same key.
CREATE TABLE mesh.deployment (broker_id text PRIMARY KEY, public_key text NOT NULL);

CREATE TABLE mesh.mesh (mesh_id uuid PRIMARY KEY, slug text COLLATE "C" NOT NULL UNIQUE, created_at bigint NOT NULL);

-- The counter that numbers the log and the lock of a mesh: narrow, one row a page or little more, so that its updates stay on their page.
CREATE TABLE mesh.mesh_head (mesh_id uuid PRIMARY KEY, epoch integer NOT NULL, seq bigint NOT NULL) WITH (fillfactor = 10);

-- Each life of the database server, and where each mesh's log stood when it began: from these the common prefix of a lost log is found.
CREATE TABLE mesh.incarnation (
  n integer PRIMARY KEY, incarnation uuid NOT NULL UNIQUE, server_started_at timestamptz NOT NULL UNIQUE, started_at bigint NOT NULL
);
CREATE TABLE mesh.incarnation_head (mesh_id uuid NOT NULL, n integer NOT NULL, head bigint NOT NULL, PRIMARY KEY (mesh_id, n));
CREATE TABLE mesh.log_break (
  mesh_id uuid NOT NULL, epoch integer NOT NULL, prefix bigint NOT NULL, detected_at bigint NOT NULL, lost_incarnation text NOT NULL,
  PRIMARY KEY (mesh_id, epoch)
);

-- Brokers that are alive, by the leases that they extend. Of no mesh.
CREATE TABLE mesh.broker_lease (instance_id uuid PRIMARY KEY, lease_until bigint NOT NULL, started_at bigint NOT NULL);

CREATE TABLE mesh.member (
  mesh_id uuid NOT NULL, member_id text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, role text NOT NULL, status text NOT NULL,
  link_epoch bigint NOT NULL DEFAULT 0, instance_id text,
  -- The broker that holds the member's link; null when it was closed in good order.
  linked_by uuid,
  online_until bigint NOT NULL DEFAULT 0, agents text NOT NULL DEFAULT '[]', joined_at bigint NOT NULL,
  PRIMARY KEY (mesh_id, member_id)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX member_name ON mesh.member (mesh_id, lower(name));

CREATE TABLE mesh.topic (
  mesh_id uuid NOT NULL, topic_id uuid NOT NULL, name text COLLATE "C" NOT NULL, created_by text NOT NULL, created_at bigint NOT NULL,
  deleted_at bigint, unsealed boolean NOT NULL DEFAULT false,
  PRIMARY KEY (mesh_id, topic_id)
);
CREATE UNIQUE INDEX topic_name ON mesh.topic (mesh_id, name) WHERE deleted_at IS NULL;

-- Interval (first_seq, last_seq] of the log; last_seq null while it is open.
CREATE TABLE mesh.subscription (
  mesh_id uuid NOT NULL, member_id text COLLATE "C" NOT NULL, topic_id uuid NOT NULL, first_seq bigint NOT NULL, last_seq bigint,
  PRIMARY KEY (mesh_id, member_id, topic_id, first_seq)
);
CREATE INDEX subscription_topic ON mesh.subscription (mesh_id, topic_id, member_id);

-- What a member has acknowledged of a destination: 'dm' or 'topic:<topic_id>'.
CREATE TABLE mesh.cursor (
  mesh_id uuid NOT NULL, member_id text COLLATE "C" NOT NULL, destination text COLLATE "C" NOT NULL, seq bigint NOT NULL,
  PRIMARY KEY (mesh_id, member_id, destination)
) WITH (fillfactor = 70);

CREATE TABLE mesh.queue (
  mesh_id uuid NOT NULL, name text COLLATE "C" NOT NULL, created_by text NOT NULL, created_at bigint NOT NULL,
  unsealed boolean NOT NULL DEFAULT false, deliveries_max integer NOT NULL DEFAULT 5,
  PRIMARY KEY (mesh_id, name)
);

-- The log. destination: 'dm:<member_id>', 'topic:<topic_id>' or 'queue:<name>'.
CREATE TABLE mesh.message_queue (
  mesh_id uuid NOT NULL, seq bigint NOT NULL, epoch integer NOT NULL, incarnation integer NOT NULL, broker_message_id uuid NOT NULL,
  sender text COLLATE "C" NOT NULL, destination text COLLATE "C" NOT NULL, envelope text NOT NULL, accepted_at bigint NOT NULL,
  PRIMARY KEY (mesh_id, seq)
);
CREATE INDEX message_queue_destination ON mesh.message_queue (mesh_id, destination, seq);
-- A member's own side of its direct messages: without it a page of history would read the whole log.
CREATE INDEX message_queue_sent_dm ON mesh.message_queue (mesh_id, sender, seq) WHERE destination LIKE 'dm:%';

CREATE TABLE mesh.mention_index (mesh_id uuid NOT NULL, member text COLLATE "C" NOT NULL, seq bigint NOT NULL, PRIMARY KEY (mesh_id, member, seq));
CREATE INDEX mention_index_seq ON mesh.mention_index (mesh_id, seq);

-- Leases of work-queue messages. state: 'ready', 'leased' or 'dead'; an acknowledged message has no row.
CREATE TABLE mesh.delivery_queue (
  mesh_id uuid NOT NULL, queue text COLLATE "C" NOT NULL, seq bigint NOT NULL, state text NOT NULL DEFAULT 'ready', lease_id text, leased_by text,
  lease_until bigint, deliveries integer NOT NULL DEFAULT 0, available_at bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (mesh_id, queue, seq)
) WITH (fillfactor = 70);

-- Retention passed a cursor: told to sender and receiver.
CREATE TABLE mesh.notice (
  mesh_id uuid NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY, member text COLLATE "C" NOT NULL, kind text NOT NULL, client_message_id text,
  destination text NOT NULL, from_seq bigint NOT NULL, to_seq bigint NOT NULL, kept_at bigint NOT NULL,
  PRIMARY KEY (mesh_id, member, id)
);

-- For senders that were not here: signed groups of receipts, as their receivers made them.
CREATE TABLE mesh.receipt (
  mesh_id uuid NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY, recipient text COLLATE "C" NOT NULL, items integer NOT NULL,
  receipt_group text NOT NULL, kept_at bigint NOT NULL,
  PRIMARY KEY (mesh_id, recipient, id)
);

-- Ways into a mesh. invite_id is a public key: the private one stands in the link and nowhere else.
CREATE TABLE mesh.invite (
  mesh_id uuid NOT NULL, invite_id text COLLATE "C" NOT NULL, role text NOT NULL, uses integer NOT NULL, created_by text NOT NULL,
  created_at bigint NOT NULL, expires_at bigint NOT NULL, revoked_at bigint,
  PRIMARY KEY (mesh_id, invite_id)
);
CREATE INDEX invite_expiry ON mesh.invite (mesh_id, expires_at);

-- Whom an invite admitted, with the signed admission as it came.
CREATE TABLE mesh.invite_use (
  mesh_id uuid NOT NULL, invite_id text COLLATE "C" NOT NULL, member_id text COLLATE "C" NOT NULL, admission text NOT NULL, used_at bigint NOT NULL,
  PRIMARY KEY (mesh_id, invite_id, member_id)
);

-- Keys of callers without a daemon; the key itself is kept by its caller alone.
CREATE TABLE mesh.api_key (
  mesh_id uuid NOT NULL, key_id text COLLATE "C" NOT NULL, key_hash bytea NOT NULL CHECK (octet_length(key_hash) = 32), member_id text NOT NULL,
  name text NOT NULL, scopes text NOT NULL, destinations text, created_at bigint NOT NULL, expires_at bigint, revoked_at bigint, last_used_at bigint,
  PRIMARY KEY (mesh_id, key_id)
);
