BEGIN;
CREATE TABLE schema_migration (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT;
CREATE TABLE inbox (
  id                INTEGER PRIMARY KEY AUTOINCREMENT,
  sender            TEXT NOT NULL,
  client_message_id TEXT,
  epoch             INTEGER NOT NULL,
  seq               INTEGER NOT NULL,
  broker_message_id TEXT NOT NULL,
  request_fingerprint TEXT,
  topic             TEXT,
  agent             TEXT,
  from_name         TEXT,
  content_type      TEXT NOT NULL,
  body              BLOB,
  meta              TEXT NOT NULL,
  mentions          TEXT NOT NULL,
  reply_to          TEXT,
  supersedes        TEXT,
  priority          TEXT NOT NULL,
  algorithm         TEXT NOT NULL,
  verified          INTEGER NOT NULL,
  -- 1: a message for readers; 0: superseded, invalid, or its body is no longer kept.
  shown             INTEGER NOT NULL,
  invalid           TEXT,
  sent_at           TEXT NOT NULL,
  accepted_at       TEXT NOT NULL,
  received_at       INTEGER NOT NULL,
  read_at           INTEGER
, via TEXT NOT NULL DEFAULT '', attachments TEXT NOT NULL DEFAULT '', restored INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE VIRTUAL TABLE inbox_text USING fts5 (text, content = '', contentless_delete = 1);
CREATE TABLE mention (member TEXT NOT NULL, inbox_id INTEGER NOT NULL, PRIMARY KEY (member, inbox_id)) STRICT, WITHOUT ROWID;
CREATE TABLE event (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  event    TEXT NOT NULL,
  at       INTEGER NOT NULL,
  inbox_id INTEGER,
  data     TEXT NOT NULL
) STRICT;
CREATE TABLE receipt (
  id                  INTEGER PRIMARY KEY AUTOINCREMENT,
  recipient           TEXT NOT NULL,
  client_message_id   TEXT NOT NULL,
  request_fingerprint TEXT NOT NULL,
  state               TEXT NOT NULL,
  at                  TEXT NOT NULL
) STRICT;
CREATE TABLE position (
  incarnation       TEXT PRIMARY KEY,
  epoch             INTEGER NOT NULL,
  seq               INTEGER NOT NULL,
  broker_message_id TEXT NOT NULL,
  mac               TEXT NOT NULL,
  noted_at          INTEGER NOT NULL
) STRICT;
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE undecryptable (
  id                INTEGER PRIMARY KEY AUTOINCREMENT,
  epoch             INTEGER NOT NULL,
  seq               INTEGER NOT NULL,
  sender            TEXT NOT NULL,
  client_message_id TEXT NOT NULL,
  -- The pushed item with its sealed envelope, JSON.
  item              TEXT NOT NULL,
  -- Error code, and the same in words.
  code              TEXT NOT NULL,
  reason            TEXT NOT NULL,
  -- 1: no key that could still come opens it.
  final             INTEGER NOT NULL,
  since             INTEGER NOT NULL,
  UNIQUE (epoch, seq)
) STRICT;
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0001_inbox.sql', '91fb91f489f6880643e405da5fcc3da104e408e7d7a598a7c760180a7e31113a', '2026-11-26T11:29:11.644Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0002_unsigned.sql', '8127df9342d0b007570195a3b39737054fb6bec86f56498d3a8bcc5c537934cd', '2026-11-26T11:29:11.647Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0003_receipt_message.sql', 'b4a47bc49619759cdade54b52e653d09300abf83ed3d5a320e070eac8d7a0f80', '2026-11-26T11:29:11.651Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0004_undecryptable.sql', '1518be9993ea81d59b02257ede2af1e47f27be8fa44e57daa647a34e4223f33f', '2026-11-26T11:29:11.661Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0005_attachments.sql', 'ef3dda62941d819c3c631197f4dd739b7528566f71eabc055b32ee66da2c48bb', '2026-11-26T11:29:11.663Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0006_restored.sql', '0827e0db619b658f6faadae2c72e4c54b897ca85d3e8f152336d57015fcdac69', '2026-11-26T11:29:11.669Z');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored") VALUES (1, '23ffc27da1f008210bce7a64b667f14ab1d6131ec162b2020507e9fa6aeb163e', '23ffc27da1f00821:01a2179d-d9b0-7445-9288-a7ced91d42b3', 1, 1, '01a2179d-d9df-7010-90d8-5e2ae42b1252', '4a25a34d7935f5bffe7aef9e04c74696ecca3ba1e217c5ef5639d35af9db10a7', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'72656164206265666F7265', '{"n":1}', '[]', NULL, NULL, 'next', 'hpke-v1', 1, 1, NULL, '2026-11-26T11:29:10.584Z', '2026-11-26T11:29:10.623Z', 1795692550637, 1795692551476, '', '', 1);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored") VALUES (2, '23ffc27da1f008210bce7a64b667f14ab1d6131ec162b2020507e9fa6aeb163e', '23ffc27da1f00821:01a2179d-db0f-7321-bdae-367358de9ba9', 1, 2, '01a2179d-db3c-7bb1-8bb9-b45d9bca3294', '9bfa87ab8d6fa58cdba713112fe29b58efe5ecd765026a8734056ead85733f9f', NULL, 'worker', 'alice', 'text/plain; charset=utf-8', X'666F7220616E206167656E74', '{"n":1}', '[]', NULL, NULL, 'next', 'hpke-v1', 1, 1, NULL, '2026-11-26T11:29:10.931Z', '2026-11-26T11:29:10.972Z', 1795692551004, NULL, '', '', 3);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored") VALUES (3, '23ffc27da1f008210bce7a64b667f14ab1d6131ec162b2020507e9fa6aeb163e', '23ffc27da1f00821:01a2179d-db9b-7bca-a3e1-cdd88773fb6b', 1, 3, '01a2179d-dc57-76b7-ab2f-87798dd8b402', '9d1942cf2c0c1112de710c6989b254bc17832226317a30a2bbe1ee203e7aa887', 'ops', NULL, 'alice', 'text/plain; charset=utf-8', X'6D656E74696F6E7320796F75', '{"n":1}', '["563d26647b6a87511dc7bb7fba759531b25add3ea6506535409e72aa350210b6"]', NULL, NULL, 'next', 'epoch-v1', 1, 1, NULL, '2026-11-26T11:29:11.078Z', '2026-11-26T11:29:11.255Z', 1795692551282, NULL, '', '', 1);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored") VALUES (4, '23ffc27da1f008210bce7a64b667f14ab1d6131ec162b2020507e9fa6aeb163e', '23ffc27da1f00821:01a2179d-dcc0-73f3-b4b2-7f069f724922', 1, 4, '01a2179d-dcd5-79bd-a432-e0be097b6920', '2ab0961529a2e76f12ed2fbf97de51ff0f415d5f8984e1c9b6d51639b82fa1d4', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'6B657074206E6F206D6F7265', '{"n":1}', '[]', NULL, NULL, 'next', 'hpke-v1', 1, 1, NULL, '2026-11-26T11:29:11.361Z', '2026-11-26T11:29:11.381Z', 1795692551393, NULL, '', '', 1);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored") VALUES (5, '23ffc27da1f008210bce7a64b667f14ab1d6131ec162b2020507e9fa6aeb163e', '23ffc27da1f00821:01a2179d-dcc0-73f3-b4b2-7f069f724922x', 1, 900, '01a2179d-dcd5-79bd-a432-e0be097b6920', NULL, NULL, NULL, NULL, '', NULL, '', '[]', NULL, NULL, 'next', 'none', 0, 0, NULL, '2026-11-26T11:29:11.361Z', '2026-11-26T11:29:11.381Z', 1795692551393, NULL, '', '', 2);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored") VALUES (6, '23ffc27da1f008210bce7a64b667f14ab1d6131ec162b2020507e9fa6aeb163e', '23ffc27da1f00821:01a2179d-deeb-7ae7-a211-0840837ae302', 1, 5, '01a2179d-df01-7327-a74f-dc0ca398ba6a', 'b9852cf04d29fc4219c6691adab3408a0f7b8482f9293609baab7411e52d59dc', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'6166746572206974', '', '[]', NULL, NULL, 'next', 'hpke-v1', 1, 1, NULL, '2026-11-26T11:29:11.916Z', '2026-11-26T11:29:11.937Z', 1795692551954, NULL, '', '', 0);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('event', 10);
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('inbox', 6);
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('receipt', 5);
DELETE FROM "inbox_text_data";
INSERT INTO "inbox_text_data" ("id", "block") VALUES (1, X'050C');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (10, X'00000000FF000001010505000501010101010000010201010202000001030101030300000104010104040000010501010505000001');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (137438953473, X'0000001807306265666F7265010203010472656164010202040B');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (274877906945, X'0000001C06306167656E7402020402016E0202030103666F72020202040A06');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (412316860417, X'0000001D05306B65707404020201046D6F726504020401026E6F040203040909');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (549755813889, X'0000001909306D656E74696F6E730302020103796F75030203040D');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (687194767361, X'000000150630616674657206020201026974060203040A');
DELETE FROM "inbox_text_idx";
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (1, X'', 2);
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (2, X'', 2);
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (3, X'', 2);
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (4, X'', 2);
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (5, X'', 2);
DELETE FROM "inbox_text_docsize";
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (1, X'02', 1);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (2, X'03', 2);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (3, X'02', 4);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (4, X'03', 3);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (6, X'02', 5);
DELETE FROM "inbox_text_config";
INSERT INTO "inbox_text_config" ("k", "v") VALUES ('version', 4);
INSERT INTO "mention" ("member", "inbox_id") VALUES ('563d26647b6a87511dc7bb7fba759531b25add3ea6506535409e72aa350210b6', 3);
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (7, 'link_up', 1795692551833, NULL, '{"connection_id":"01a2179d-de7b-79f5-99ae-d2428975f354"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (8, 'inbox_rebuilt', 1795692551912, NULL, '{"messages":4}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (9, 'message', 1795692551954, 6, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (10, 'message', 1795692551004, 2, '{}');
INSERT INTO "position" ("incarnation", "epoch", "seq", "broker_message_id", "mac", "noted_at") VALUES ('48e8aca7-d12d-4a54-9545-a47384cb62ff', 1, 5, '01a2179d-df01-7327-a74f-dc0ca398ba6a', '7dS6ncUQBheOhZNKLEvveZW7SeWjPmlY5jZN51Dx3P8', 1795692551954);
INSERT INTO "fact" ("name", "value") VALUES ('directory', '{"told_at":"2026-11-26T11:29:11.827Z","members":[{"member_id":"23ffc27da1f008210bce7a64b667f14ab1d6131ec162b2020507e9fa6aeb163e","name":"alice","role":"owner","online":true,"agents":[],"last_seen_at":"2026-11-26T11:29:10.151Z","kicked_until":null},{"member_id":"563d26647b6a87511dc7bb7fba759531b25add3ea6506535409e72aa350210b6","name":"bob","role":"member","online":true,"agents":[],"last_seen_at":"2026-11-26T11:29:11.803Z","kicked_until":null}],"topics":[{"topic_id":"01a2179d-d75e-7533-960a-88c767fd1bcd","name":"all","created_at":"2026-11-26T11:29:09.982Z","subscribers":2,"subscribed":true,"unsealed":false,"unsealed_through":0},{"topic_id":"01a2179d-d967-7029-b42b-76f43a5a3962","name":"ops","created_at":"2026-11-26T11:29:10.503Z","subscribers":2,"subscribed":true,"unsealed":false,"unsealed_through":0}],"queues":[]}');
INSERT INTO "fact" ("name", "value") VALUES ('inbox_rebuild', '');
INSERT INTO "fact" ("name", "value") VALUES ('last_instance_id', '614ffa7a-b754-4298-8498-559d69f39fd9');
INSERT INTO "fact" ("name", "value") VALUES ('log_epoch', '1');
INSERT INTO "fact" ("name", "value") VALUES ('negotiated_dedupe', '{"mode":"retention_scoped","dedupe_retention_days":365,"fingerprint_versions":["sha256-jcs-v2","sha256-jcs-v1"],"version":2}');
CREATE UNIQUE INDEX inbox_broker_made ON inbox (epoch, seq) WHERE client_message_id IS NULL;
CREATE INDEX inbox_supersedes ON inbox (sender, supersedes) WHERE supersedes IS NOT NULL;
CREATE INDEX inbox_sender ON inbox (sender, id);
CREATE INDEX inbox_topic ON inbox (topic, id) WHERE topic IS NOT NULL;
CREATE INDEX inbox_agent ON inbox (agent, id) WHERE agent IS NOT NULL;
CREATE INDEX inbox_unread ON inbox (id) WHERE read_at IS NULL AND shown = 1;
CREATE INDEX inbox_received ON inbox (received_at);
CREATE INDEX inbox_bodies ON inbox (received_at) WHERE body IS NOT NULL;
CREATE INDEX mention_inbox ON mention (inbox_id);
CREATE UNIQUE INDEX inbox_once ON inbox (sender, client_message_id, via) WHERE client_message_id IS NOT NULL;
CREATE INDEX receipt_message ON receipt (recipient, client_message_id);
CREATE INDEX undecryptable_message ON undecryptable (sender, client_message_id);
CREATE INDEX undecryptable_since ON undecryptable (since);
COMMIT;
