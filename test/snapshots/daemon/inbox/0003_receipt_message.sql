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
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0001_inbox.sql', '91fb91f489f6880643e405da5fcc3da104e408e7d7a598a7c760180a7e31113a', '2026-11-26T10:42:14.826Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0002_unsigned.sql', '8127df9342d0b007570195a3b39737054fb6bec86f56498d3a8bcc5c537934cd', '2026-11-26T10:42:14.827Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0003_receipt_message.sql', 'b4a47bc49619759cdade54b52e653d09300abf83ed3d5a320e070eac8d7a0f80', '2026-11-26T10:42:14.827Z');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (1, '89fdd755f37122ecc0f9875d8660f1ed0352c1ed8d63ba65abc3c2089f203720', '89fdd755f37122ec:dm-1', 1, 1, '01a21772-e4f2-7805-9ec6-a2e85aa48184', 'f56b4af64117f15c01841150ce9a8e4f38b9e5c99262f032b333867447b7e4c5', NULL, NULL, 'alice', 'text/plain; charset=utf-8', NULL, '', '[]', NULL, NULL, 'next', 'none', 1, 0, NULL, '2026-11-26T10:42:15.403Z', '2026-11-26T10:42:15.410Z', 1795689735419, NULL, '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (2, '89fdd755f37122ecc0f9875d8660f1ed0352c1ed8d63ba65abc3c2089f203720', '89fdd755f37122ec:dm-2', 1, 2, '01a21772-e5bc-79a4-a6e9-5a2da96a2594', '019cd64ff0f8e9bdc22de066b9e655c0fa65457bd534823931232c3a4acf9000', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'6772C3BCC39F6520E2809420E2988220756D6272656C6C61', '{"build":41,"kind":"red"}', '[]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-11-26T10:42:15.607Z', '2026-11-26T10:42:15.612Z', 1795689735615, NULL, '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (3, '89fdd755f37122ecc0f9875d8660f1ed0352c1ed8d63ba65abc3c2089f203720', '89fdd755f37122ec:topic-1', 1, 3, '01a21772-e664-7440-83dc-a995e904be8f', '6c6f484bec3a7a3a3da61d23120cecdd4e93b855b524de6f0dbad19d91777f99', 'plans', NULL, 'alice', 'text/plain; charset=utf-8', X'40626F622074686520706C616E206973207265616479', '', '["1b60aa9133c7386a222ee173f4c51df4752840300d9e9abbfca717bc0f43ebb1"]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-11-26T10:42:15.768Z', '2026-11-26T10:42:15.780Z', 1795689735785, NULL, '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (4, '89fdd755f37122ecc0f9875d8660f1ed0352c1ed8d63ba65abc3c2089f203720', '89fdd755f37122ec:agent-1', 1, 4, '01a21772-e7bc-7750-885f-5e31ab5c1e7d', 'a22ac419747f32a8d4f93e1ef12df53f96640a548d22428787d3ad623d10cbb2', NULL, 'helper', 'alice', 'text/plain; charset=utf-8', X'666F7220616E206167656E74', '', '[]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-11-26T10:42:16.112Z', '2026-11-26T10:42:16.124Z', 1795689736128, NULL, '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (5, '89fdd755f37122ecc0f9875d8660f1ed0352c1ed8d63ba65abc3c2089f203720', '89fdd755f37122ec:01a21772-e85e-754b-9244-0429c03efb9f', 1, 5, '01a21772-e870-7a13-8c39-9d9279126166', 'ca5b417309353425c9fe2a6de6916b201dc6c9f93db5cff78ca76c29eabdabb7', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'6E6F20696420676976656E', '', '[]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-11-26T10:42:16.290Z', '2026-11-26T10:42:16.304Z', 1795689736309, 1795689739109, '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (6, '89fdd755f37122ecc0f9875d8660f1ed0352c1ed8d63ba65abc3c2089f203720', '89fdd755f37122ec:dead-2-again', 1, 6, '01a21772-f240-76ac-a670-218b1b708604', '6757fd2e9d589e38f9935f5fb289bc67927bed47cccc199be7aa5ccec58455c4', 'other', NULL, 'alice', 'text/plain; charset=utf-8', X'7265667573656420746F6F', '', '[]', NULL, '89fdd755f37122ec:dead-2', 'next', 'none', 1, 1, NULL, '2026-11-26T10:42:18.810Z', '2026-11-26T10:42:18.816Z', 1795689738818, 1795689739118, '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (7, '89fdd755f37122ecc0f9875d8660f1ed0352c1ed8d63ba65abc3c2089f203720', '89fdd755f37122ec:mon-1', 1, 7, '01a21772-f3ac-76fe-ace2-e9d7d2d53c77', 'b26c6b299c54e684b36bddb8217744e177a25238e7c50c6c09064680dbdb0dae', 'plans', NULL, 'alice', 'text/plain; charset=utf-8', X'66726F6D2061206D6F6E69746F722C20756E7369676E6564', '', '[]', NULL, NULL, 'next', 'none', 0, 1, NULL, '2026-11-26T10:42:19.179Z', '2026-11-26T10:42:19.180Z', 1795689739182, NULL, 'api:01a21772-ea5f-7ba5-a355-6e9847100ee1');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (8, '89fdd755f37122ecc0f9875d8660f1ed0352c1ed8d63ba65abc3c2089f203720', '89fdd755f37122ec:away-1', 1, 10, '01a21772-fd06-7794-8b10-af02538bbb15', 'b25fb664a3e16e4734cec650aab07bd6bcb051ad0258e504a5fb02e99f32ee5d', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'61636365707465642C20626F622069732061776179', '', '[]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-11-26T10:42:21.568Z', '2026-11-26T10:42:21.574Z', 1795689742259, 1795689744084, '');
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
INSERT INTO "mention" ("member", "inbox_id") VALUES ('1b60aa9133c7386a222ee173f4c51df4752840300d9e9abbfca717bc0f43ebb1', 3);
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (1, 'link_up', 1795689734869, NULL, '{"connection_id":"01a21772-e2c8-7792-ac7b-6009415164e4"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (2, 'message', 1795689735419, 1, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (3, 'message', 1795689735615, 2, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (4, 'message', 1795689735785, 3, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (5, 'mention', 1795689735785, 3, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (6, 'message', 1795689736128, 4, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (7, 'message', 1795689736309, 5, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (8, 'message', 1795689738818, 6, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (9, 'message', 1795689739182, 7, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (10, 'receipt', 1795689741036, NULL, '{"client_message_id":"01a21772-fadc-778d-b9e6-8cdb3f0b3be1","outbox_id":1,"status":"done","stage":"accepted","at":"2026-11-26T10:42:21.035Z"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (11, 'receipt', 1795689741043, NULL, '{"client_message_id":"01a21772-fadc-778d-b9e6-8cdb3f0b3be1","outbox_id":1,"status":"done","stage":"delivered","at":"2026-11-26T10:42:21.036Z"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (12, 'receipt', 1795689742230, NULL, '{"client_message_id":"01a21772-fadc-778d-b9e6-8cdb3f0b3be1","outbox_id":1,"status":"done","stage":"delivered","at":"2026-11-26T10:42:21.036Z"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (13, 'message', 1795689742259, 8, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (14, 'link_up', 1795689742281, NULL, '{"connection_id":"01a21772-ffac-7d8e-a7d8-3a294a3cd905"}');
INSERT INTO "receipt" ("id", "recipient", "client_message_id", "request_fingerprint", "state", "at") VALUES (7, '89fdd755f37122ecc0f9875d8660f1ed0352c1ed8d63ba65abc3c2089f203720', '89fdd755f37122ec:away-1', 'b25fb664a3e16e4734cec650aab07bd6bcb051ad0258e504a5fb02e99f32ee5d', 'read', '2026-11-26T10:42:24.084Z');
INSERT INTO "position" ("incarnation", "epoch", "seq", "broker_message_id", "mac", "noted_at") VALUES ('2afe4e0f-bd3f-45fa-aa00-1a5dbcb5ec40', 1, 10, '01a21772-fd06-7794-8b10-af02538bbb15', 'aef5pXwDhEC8id1D5V627Ku9Q5r-uuOHh7dHBOw9y2U', 1795689742259);
INSERT INTO "fact" ("name", "value") VALUES ('directory', '{"told_at":"2026-11-26T10:42:22.279Z","members":[{"member_id":"89fdd755f37122ecc0f9875d8660f1ed0352c1ed8d63ba65abc3c2089f203720","name":"alice","role":"owner","online":true,"agents":[],"last_seen_at":"2026-11-26T10:42:14.154Z"},{"member_id":"1b60aa9133c7386a222ee173f4c51df4752840300d9e9abbfca717bc0f43ebb1","name":"bob","role":"member","online":true,"agents":[],"last_seen_at":"2026-11-26T10:42:22.253Z"}],"topics":[{"topic_id":"01a21772-de22-79f6-a51e-1ffa938e3809","name":"all","created_at":"2026-11-26T10:42:13.666Z","subscribers":2,"subscribed":true,"unsealed":false,"unsealed_through":0},{"topic_id":"01a21772-eba7-70ba-ada5-3d59cdd1384a","name":"other","created_at":"2026-11-26T10:42:17.127Z","subscribers":2,"subscribed":true,"unsealed":false,"unsealed_through":0},{"topic_id":"01a21772-e386-71d8-b8d5-90451948e1f7","name":"plans","created_at":"2026-11-26T10:42:15.046Z","subscribers":2,"subscribed":true,"unsealed":true,"unsealed_through":0},{"topic_id":"01a21772-eb07-720c-97c9-bc83b6b73a66","name":"unsent","created_at":"2026-11-26T10:42:16.967Z","subscribers":0,"subscribed":false,"unsealed":false,"unsealed_through":0}],"queues":[]}');
INSERT INTO "fact" ("name", "value") VALUES ('last_instance_id', '96a029d0-387c-4d51-a923-c345796c9e17');
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
CREATE INDEX receipt_message ON receipt (recipient, client_message_id);
COMMIT;
