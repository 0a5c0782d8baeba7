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
, via TEXT NOT NULL DEFAULT '') STRICT;
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
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0001_inbox.sql', '91fb91f489f6880643e405da5fcc3da104e408e7d7a598a7c760180a7e31113a', '2026-11-26T10:38:20.600Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0002_unsigned.sql', '8127df9342d0b007570195a3b39737054fb6bec86f56498d3a8bcc5c537934cd', '2026-11-26T10:38:20.601Z');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (1, '915515fa2359cde8792dc2d1cb29feb4a01896f783b566a9ec84c08165aeacf9', '915515fa2359cde8:dm-1', 1, 1, '01a2176f-5213-7cc0-9221-17fd1a74e28b', '9328885d17833fcb27345149c978b102096db22b9e3086898dda028e619c7b4c', NULL, NULL, 'alice', 'text/plain; charset=utf-8', NULL, '', '[]', NULL, NULL, 'next', 'none', 1, 0, NULL, '2026-11-26T10:38:21.197Z', '2026-11-26T10:38:21.203Z', 1795689501210, NULL, '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (2, '915515fa2359cde8792dc2d1cb29feb4a01896f783b566a9ec84c08165aeacf9', '915515fa2359cde8:dm-2', 1, 2, '01a2176f-52f4-7a80-a5f8-a979b15ff0fc', '3bb674d455b01b485654e8f7b4958ef79bf7552b35f1cea7040464606794b38e', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'6772C3BCC39F6520E2809420E2988220756D6272656C6C61', '{"build":41,"kind":"red"}', '[]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-11-26T10:38:21.424Z', '2026-11-26T10:38:21.428Z', 1795689501431, NULL, '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (3, '915515fa2359cde8792dc2d1cb29feb4a01896f783b566a9ec84c08165aeacf9', '915515fa2359cde8:topic-1', 1, 3, '01a2176f-53c0-7e2c-b20d-608a998d8510', '8f946fdf2a3babd5807e99262f18c67a9c7ff2557815e9da783f90245f67ff14', 'plans', NULL, 'alice', 'text/plain; charset=utf-8', X'40626F622074686520706C616E206973207265616479', '', '["6d2ce337ed12ea690b063b8bdc52db1563db617befa75883d4630d43c7e99e02"]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-11-26T10:38:21.621Z', '2026-11-26T10:38:21.632Z', 1795689501636, NULL, '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (4, '915515fa2359cde8792dc2d1cb29feb4a01896f783b566a9ec84c08165aeacf9', '915515fa2359cde8:agent-1', 1, 4, '01a2176f-5545-7639-9381-323fadc53fc2', 'cf49ca097fbcf45e9b5570eaec5a37a209970a7f1f3aef5cd32a21fffc97cdda', NULL, 'helper', 'alice', 'text/plain; charset=utf-8', X'666F7220616E206167656E74', '', '[]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-11-26T10:38:22.017Z', '2026-11-26T10:38:22.021Z', 1795689502023, NULL, '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (5, '915515fa2359cde8792dc2d1cb29feb4a01896f783b566a9ec84c08165aeacf9', '915515fa2359cde8:01a2176f-55ef-7460-b5d7-6eea9c0db61c', 1, 5, '01a2176f-5603-71d9-bd66-ccc44b95d868', 'ec5ccd2172880d8dd8ef92d86222c75418b4be1e497d0e314f7b1e8059e0367e', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'6E6F20696420676976656E', '', '[]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-11-26T10:38:22.195Z', '2026-11-26T10:38:22.211Z', 1795689502216, 1795689505046, '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (6, '915515fa2359cde8792dc2d1cb29feb4a01896f783b566a9ec84c08165aeacf9', '915515fa2359cde8:dead-2-again', 1, 6, '01a2176f-5fd7-76c3-b6d7-09455f9442c0', '41e4e001494ea0ea6d602de5058d5f566ecde1a95af0cf04a3ec93adbc7b7b6a', 'other', NULL, 'alice', 'text/plain; charset=utf-8', X'7265667573656420746F6F', '', '[]', NULL, '915515fa2359cde8:dead-2', 'next', 'none', 1, 1, NULL, '2026-11-26T10:38:24.719Z', '2026-11-26T10:38:24.727Z', 1795689504736, 1795689505051, '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (7, '915515fa2359cde8792dc2d1cb29feb4a01896f783b566a9ec84c08165aeacf9', '915515fa2359cde8:mon-1', 1, 7, '01a2176f-615a-7fcc-86f8-9454395d11ea', '1e1b24d9e6c085402c96db9526ddb907013aadc2584f39fe851526c9d0e4d5a6', 'plans', NULL, 'alice', 'text/plain; charset=utf-8', X'66726F6D2061206D6F6E69746F722C20756E7369676E6564', '', '[]', NULL, NULL, 'next', 'none', 0, 1, NULL, '2026-11-26T10:38:25.113Z', '2026-11-26T10:38:25.114Z', 1795689505117, NULL, 'api:01a2176f-5858-7d10-93ca-bd6793ae3050');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (8, '915515fa2359cde8792dc2d1cb29feb4a01896f783b566a9ec84c08165aeacf9', '915515fa2359cde8:away-1', 1, 10, '01a2176f-6a72-7e4c-a2ce-20fb6a9c8184', 'f62451e24e8f358f4a7b0c710c340a8185860961074152bbc0a317eb79d83320', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'61636365707465642C20626F622069732061776179', '', '[]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-11-26T10:38:27.436Z', '2026-11-26T10:38:27.442Z', 1795689508038, 1795689509732, '');
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('event', 14);
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('inbox', 8);
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('receipt', 7);
DELETE FROM "inbox_text_data";
INSERT INTO "inbox_text_data" ("id", "block") VALUES (1, X'081B');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (10, X'00000000FF000001010809000801010101010101010201010202000001030101030300000104010104040000010501010505000001060101060600000107010107070000010801010808000001');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (137438953473, X'00000028033061740102040105666972737401020201056C756E636801020301046E6F6F6E01020504070A0A');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (274877906945, X'0000001C0730677275C39F650202020108756D6272656C6C61020203040B');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (412316860417, X'0000002E0430626F62030202010269730302050104706C616E030204010572656164790302060103746865030203040807090A');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (549755813889, X'0000001C06306167656E7404020402016E0402030103666F72040202040A06');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (687194767361, X'0000001C0630676976656E0502040102696405020301026E6F050202040A07');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (824633720833, X'000000180830726566757365640602020103746F6F060203040C');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (962072674305, X'0000002C023061070203010466726F6D07020201076D6F6E69746F720702040108756E7369676E65640702050406090C');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (1099511627777, X'000000280930616363657074656408020202037761790802050103626F6208020301026973080204040D0808');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (9007336693694464, X'04000000000000010000000000000001000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000');
DELETE FROM "inbox_text_idx";
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (1, X'', 2);
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (2, X'', 2);
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (3, X'', 2);
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (4, X'', 2);
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (5, X'', 2);
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (6, X'', 2);
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (7, X'', 2);
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (8, X'', 2);
DELETE FROM "inbox_text_docsize";
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (2, X'02', 2);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (3, X'05', 3);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (4, X'03', 4);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (5, X'03', 5);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (6, X'02', 6);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (7, X'04', 7);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (8, X'04', 8);
DELETE FROM "inbox_text_config";
INSERT INTO "inbox_text_config" ("k", "v") VALUES ('version', 4);
INSERT INTO "mention" ("member", "inbox_id") VALUES ('6d2ce337ed12ea690b063b8bdc52db1563db617befa75883d4630d43c7e99e02', 3);
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (1, 'link_up', 1795689500650, NULL, '{"connection_id":"01a2176f-4fde-75ae-9c52-7067dbe9a826"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (2, 'message', 1795689501210, 1, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (3, 'message', 1795689501431, 2, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (4, 'message', 1795689501636, 3, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (5, 'mention', 1795689501636, 3, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (6, 'message', 1795689502023, 4, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (7, 'message', 1795689502216, 5, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (8, 'message', 1795689504736, 6, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (9, 'message', 1795689505117, 7, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (10, 'receipt', 1795689506997, NULL, '{"client_message_id":"01a2176f-68a5-7c0d-8bce-71bded3f620e","outbox_id":1,"status":"done","stage":"accepted","at":"2026-11-26T10:38:26.995Z"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (11, 'receipt', 1795689506999, NULL, '{"client_message_id":"01a2176f-68a5-7c0d-8bce-71bded3f620e","outbox_id":1,"status":"done","stage":"delivered","at":"2026-11-26T10:38:26.993Z"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (12, 'receipt', 1795689508016, NULL, '{"client_message_id":"01a2176f-68a5-7c0d-8bce-71bded3f620e","outbox_id":1,"status":"done","stage":"delivered","at":"2026-11-26T10:38:26.993Z"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (13, 'message', 1795689508038, 8, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (14, 'link_up', 1795689508049, NULL, '{"connection_id":"01a2176f-6cc2-7f50-9e34-534bc53b860a"}');
INSERT INTO "receipt" ("id", "recipient", "client_message_id", "request_fingerprint", "state", "at") VALUES (7, '915515fa2359cde8792dc2d1cb29feb4a01896f783b566a9ec84c08165aeacf9', '915515fa2359cde8:away-1', 'f62451e24e8f358f4a7b0c710c340a8185860961074152bbc0a317eb79d83320', 'read', '2026-11-26T10:38:29.732Z');
INSERT INTO "position" ("incarnation", "epoch", "seq", "broker_message_id", "mac", "noted_at") VALUES ('d22d3043-caf2-472c-aca3-105e96db608b', 1, 10, '01a2176f-6a72-7e4c-a2ce-20fb6a9c8184', 'hnhnuTs7q1cN3_3IaxpTV6EPH-Upu65fRQGHmdvRd8M', 1795689508038);
INSERT INTO "fact" ("name", "value") VALUES ('directory', '{"told_at":"2026-11-26T10:38:28.047Z","members":[{"member_id":"915515fa2359cde8792dc2d1cb29feb4a01896f783b566a9ec84c08165aeacf9","name":"alice","role":"owner","online":true,"agents":[],"last_seen_at":"2026-11-26T10:38:19.926Z"},{"member_id":"6d2ce337ed12ea690b063b8bdc52db1563db617befa75883d4630d43c7e99e02","name":"bob","role":"member","online":true,"agents":[],"last_seen_at":"2026-11-26T10:38:28.034Z"}],"topics":[{"topic_id":"01a2176f-4b8c-79c2-83e8-2367e1738429","name":"all","created_at":"2026-11-26T10:38:19.532Z","subscribers":2,"subscribed":true,"unsealed":false,"unsealed_through":0},{"topic_id":"01a2176f-599b-78bc-a870-d16a2375090f","name":"other","created_at":"2026-11-26T10:38:23.131Z","subscribers":2,"subscribed":true,"unsealed":false,"unsealed_through":0},{"topic_id":"01a2176f-50b2-7863-baaf-6763ba4d8046","name":"plans","created_at":"2026-11-26T10:38:20.850Z","subscribers":2,"subscribed":true,"unsealed":true,"unsealed_through":0},{"topic_id":"01a2176f-58ff-7132-bdaa-67d9810a9595","name":"unsent","created_at":"2026-11-26T10:38:22.975Z","subscribers":0,"subscribed":false,"unsealed":false,"unsealed_through":0}],"queues":[]}');
INSERT INTO "fact" ("name", "value") VALUES ('last_instance_id', '76e1bbc7-c260-41c8-a17d-5e28d0a4b816');
INSERT INTO "fact" ("name", "value") VALUES ('log_epoch', '1');
INSERT INTO "fact" ("name", "value") VALUES ('negotiated_dedupe', '{"mode":"retention_scoped","dedupe_retention_days":365,"fingerprint_versions":["sha256-jcs-v1","sha256-jcs-v2"],"version":2}');
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
COMMIT;
