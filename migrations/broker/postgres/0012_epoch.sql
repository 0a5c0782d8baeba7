-- Keys of topics and queues. Every record, wrap, departure and arrival takes numbers of one count a mesh, under the mesh's lock:
-- whoever has seen one never finds one below it later.
CREATE TABLE mesh.key_head (mesh_id uuid PRIMARY KEY, key_seq bigint NOT NULL) WITH (fillfactor = 70);

-- A topic or queue that has keys. topic_id: null for a queue. epochs: how many; depth, epoch_id and history: of the deepest one.
CREATE TABLE mesh.epoch_destination (
  mesh_id uuid NOT NULL, destination text COLLATE "C" NOT NULL, topic_id uuid, epochs integer NOT NULL, depth integer NOT NULL,
  epoch_id text COLLATE "C" NOT NULL, history text NOT NULL,
  PRIMARY KEY (mesh_id, destination)
) WITH (fillfactor = 70);

-- Signed records as they came, in JSON. ordinal: 1 for the first of its destination.
CREATE TABLE mesh.epoch (
  mesh_id uuid NOT NULL, epoch_id text COLLATE "C" NOT NULL, destination text COLLATE "C" NOT NULL, ordinal integer NOT NULL,
  parent text COLLATE "C", depth integer NOT NULL, key_seq bigint NOT NULL, record text NOT NULL, created_at bigint NOT NULL,
  PRIMARY KEY (mesh_id, epoch_id)
);
CREATE UNIQUE INDEX epoch_ordinal ON mesh.epoch (mesh_id, destination, ordinal);
CREATE UNIQUE INDEX epoch_key_seq ON mesh.epoch (mesh_id, key_seq);
CREATE INDEX epoch_parent ON mesh.epoch (mesh_id, destination, parent);

CREATE TABLE mesh.epoch_wrap (
  mesh_id uuid NOT NULL, epoch_id text COLLATE "C" NOT NULL, member_id text COLLATE "C" NOT NULL, sealed_to text COLLATE "C" NOT NULL,
  sealed text NOT NULL, key_seq bigint NOT NULL, created_at bigint NOT NULL,
  PRIMARY KEY (mesh_id, epoch_id, member_id, sealed_to)
);
CREATE INDEX epoch_wrap_key_seq ON mesh.epoch_wrap (mesh_id, key_seq);
CREATE INDEX epoch_wrap_member ON mesh.epoch_wrap (mesh_id, member_id, key_seq);

-- Who has left a topic or queue that has keys, newest time. epochs: how many there were then.
CREATE TABLE mesh.epoch_departure (
  mesh_id uuid NOT NULL, destination text COLLATE "C" NOT NULL, member_id text COLLATE "C" NOT NULL, epochs integer NOT NULL,
  key_seq bigint NOT NULL,
  PRIMARY KEY (mesh_id, destination, member_id)
);
CREATE INDEX epoch_departure_key_seq ON mesh.epoch_departure (mesh_id, key_seq);
CREATE INDEX epoch_departure_epochs ON mesh.epoch_departure (mesh_id, destination, epochs);

-- Who has come to a topic or queue that had keys, newest time: what was there then it finds under numbers above key_seq that are its own.
CREATE TABLE mesh.epoch_arrival (
  mesh_id uuid NOT NULL, member_id text COLLATE "C" NOT NULL, destination text COLLATE "C" NOT NULL, epochs integer NOT NULL,
  key_seq bigint NOT NULL,
  PRIMARY KEY (mesh_id, member_id, destination)
);
CREATE INDEX epoch_arrival_key_seq ON mesh.epoch_arrival (mesh_id, key_seq);

-- What a membership chain says of a member that its keys depend on. x25519: what they are sealed to, null: not known. queues: those
-- that it is limited to; null: all.
CREATE TABLE mesh.key_member (
  mesh_id uuid NOT NULL, member_id text COLLATE "C" NOT NULL, x25519 text COLLATE "C", queues text[] COLLATE "C",
  PRIMARY KEY (mesh_id, member_id)
);

-- Who may lack a key of a topic or queue: everybody who does has a row, and some who do not. Looking for who lacks what begins here.
CREATE TABLE mesh.key_lack (
  mesh_id uuid NOT NULL, member_id text COLLATE "C" NOT NULL, destination text COLLATE "C" NOT NULL,
  PRIMARY KEY (mesh_id, member_id, destination)
);
CREATE INDEX key_lack_destination ON mesh.key_lack (mesh_id, destination);
