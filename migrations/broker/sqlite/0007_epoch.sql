-- Keys of topics and queues. Every record, wrap, departure and arrival takes numbers of one count a mesh, under the lock of
-- accepting: whoever has seen one never finds one below it later.
CREATE TABLE key_head (mesh_id TEXT PRIMARY KEY, key_seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- A topic or queue that has keys. topic_id: null for a queue. epochs: how many; depth, epoch_id and history: of the deepest one.
CREATE TABLE epoch_destination (
  mesh_id TEXT NOT NULL, destination TEXT NOT NULL, topic_id TEXT, epochs INTEGER NOT NULL, depth INTEGER NOT NULL,
  epoch_id TEXT NOT NULL, history TEXT NOT NULL,
  PRIMARY KEY (mesh_id, destination)
) STRICT, WITHOUT ROWID;

-- Signed records as they came, in JSON. ordinal: 1 for the first of its destination.
CREATE TABLE epoch (
  mesh_id TEXT NOT NULL, epoch_id TEXT NOT NULL, destination TEXT NOT NULL, ordinal INTEGER NOT NULL, parent TEXT, depth INTEGER NOT NULL,
  key_seq INTEGER NOT NULL, record TEXT NOT NULL, created_at INTEGER NOT NULL,
  PRIMARY KEY (mesh_id, epoch_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX epoch_ordinal ON epoch (mesh_id, destination, ordinal);
CREATE UNIQUE INDEX epoch_key_seq ON epoch (mesh_id, key_seq);
CREATE INDEX epoch_parent ON epoch (mesh_id, destination, parent);

CREATE TABLE epoch_wrap (
  mesh_id TEXT NOT NULL, epoch_id TEXT NOT NULL, member_id TEXT NOT NULL, sealed_to TEXT NOT NULL, sealed TEXT NOT NULL,
  key_seq INTEGER NOT NULL, created_at INTEGER NOT NULL,
  PRIMARY KEY (mesh_id, epoch_id, member_id, sealed_to)
) STRICT, WITHOUT ROWID;
CREATE INDEX epoch_wrap_key_seq ON epoch_wrap (mesh_id, key_seq);
CREATE INDEX epoch_wrap_member ON epoch_wrap (mesh_id, member_id, key_seq);

-- Who has left a topic or queue that has keys, newest time. epochs: how many there were then.
CREATE TABLE epoch_departure (
  mesh_id TEXT NOT NULL, destination TEXT NOT NULL, member_id TEXT NOT NULL, epochs INTEGER NOT NULL, key_seq INTEGER NOT NULL,
  PRIMARY KEY (mesh_id, destination, member_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX epoch_departure_key_seq ON epoch_departure (mesh_id, key_seq);
CREATE INDEX epoch_departure_epochs ON epoch_departure (mesh_id, destination, epochs);

-- Who has come to a topic or queue that had keys, newest time: what was there then it finds under numbers above key_seq that are its own.
CREATE TABLE epoch_arrival (
  mesh_id TEXT NOT NULL, member_id TEXT NOT NULL, destination TEXT NOT NULL, epochs INTEGER NOT NULL, key_seq INTEGER NOT NULL,
  PRIMARY KEY (mesh_id, member_id, destination)
) STRICT, WITHOUT ROWID;
CREATE INDEX epoch_arrival_key_seq ON epoch_arrival (mesh_id, key_seq);

-- What a membership chain says of a member that its keys depend on. x25519: what they are sealed to, null: not known. queues: those
-- that it is limited to, in JSON; null: all.
CREATE TABLE key_member (
  mesh_id TEXT NOT NULL, member_id TEXT NOT NULL, x25519 TEXT, queues TEXT,
  PRIMARY KEY (mesh_id, member_id)
) STRICT, WITHOUT ROWID;

-- Who may lack a key of a topic or queue: everybody who does has a row, and some who do not. Looking for who lacks what begins here.
CREATE TABLE key_lack (
  mesh_id TEXT NOT NULL, member_id TEXT NOT NULL, destination TEXT NOT NULL,
  PRIMARY KEY (mesh_id, member_id, destination)
) STRICT, WITHOUT ROWID;
CREATE INDEX key_lack_destination ON key_lack (mesh_id, destination);
