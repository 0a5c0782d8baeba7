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
) STRICT;
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
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0001_inbox.sql', '91fb91f489f6880643e405da5fcc3da104e408e7d7a598a7c760180a7e31113a', '2026-11-26T10:38:03.238Z');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at") VALUES (1, '521bd3d3187e590f2a3ca65ecc77e766d3bdc2d35dc36e1e9784aa8195237bfe', '521bd3d3187e590f:dm-1', 1, 1, '01a2176f-0e48-7d5b-96a1-03c27725c0cf', 'e7ca57a74c8e31854753ddc5fec705593e3b877a8feff212eee3083620762afe', NULL, NULL, 'alice', 'text/plain; charset=utf-8', NULL, '', '[]', NULL, NULL, 'next', 'none', 1, 0, NULL, '2026-11-26T10:38:03.842Z', '2026-11-26T10:38:03.848Z', 1795689483852, NULL);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at") VALUES (2, '521bd3d3187e590f2a3ca65ecc77e766d3bdc2d35dc36e1e9784aa8195237bfe', '521bd3d3187e590f:dm-2', 1, 2, '01a2176f-0ee6-7724-990d-7233a6d942ce', '221cefabd7d2656412cb0c21048fc8299db927af5df7d431fe6dd4ba0ab3e428', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'6772C3BCC39F6520E2809420E2988220756D6272656C6C61', '{"build":41,"kind":"red"}', '[]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-11-26T10:38:03.994Z', '2026-11-26T10:38:04.006Z', 1795689484008, NULL);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at") VALUES (3, '521bd3d3187e590f2a3ca65ecc77e766d3bdc2d35dc36e1e9784aa8195237bfe', '521bd3d3187e590f:topic-1', 1, 3, '01a2176f-0f9d-7a2f-99ac-772b6672fee1', 'bf49d0484f5bec94333088ffb66c1703b60703d997146fad4245953fb46501b4', 'plans', NULL, 'alice', 'text/plain; charset=utf-8', X'40626F622074686520706C616E206973207265616479', '', '["1d9a6a72a6965b911de921033c3a210cc31f8e5cdef83d213c4fa66bc4a36412"]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-11-26T10:38:04.180Z', '2026-11-26T10:38:04.189Z', 1795689484193, NULL);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at") VALUES (4, '521bd3d3187e590f2a3ca65ecc77e766d3bdc2d35dc36e1e9784aa8195237bfe', '521bd3d3187e590f:agent-1', 1, 4, '01a2176f-10f8-730d-b2d2-e17a6f200b26', '6aa9e5b3efe81bd22248fb2f50a373020ce12452099d8b0d6fc7dbbca263d65f', NULL, 'helper', 'alice', 'text/plain; charset=utf-8', X'666F7220616E206167656E74', '', '[]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-11-26T10:38:04.531Z', '2026-11-26T10:38:04.536Z', 1795689484539, NULL);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at") VALUES (5, '521bd3d3187e590f2a3ca65ecc77e766d3bdc2d35dc36e1e9784aa8195237bfe', '521bd3d3187e590f:01a2176f-11bb-7f44-a608-8b75ca73c215', 1, 5, '01a2176f-11ce-75a8-aa4e-f2c12cbcbcd8', 'f34c4412617db303a847dc2d75779c5fe1eacce25e775a250296862070e11e48', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'6E6F20696420676976656E', '', '[]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-11-26T10:38:04.739Z', '2026-11-26T10:38:04.750Z', 1795689484754, 1795689487431);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at") VALUES (6, '521bd3d3187e590f2a3ca65ecc77e766d3bdc2d35dc36e1e9784aa8195237bfe', '521bd3d3187e590f:dead-2-again', 1, 6, '01a2176f-1b11-7e62-8312-36a698633031', '1d4f5fd7e404de5eb9726a2a5d8978e7df840e4c386906019884dde636de9fbf', 'other', NULL, 'alice', 'text/plain; charset=utf-8', X'7265667573656420746F6F', '', '[]', NULL, '521bd3d3187e590f:dead-2', 'next', 'none', 1, 1, NULL, '2026-11-26T10:38:07.111Z', '2026-11-26T10:38:07.121Z', 1795689487124, 1795689487436);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at") VALUES (7, '521bd3d3187e590f2a3ca65ecc77e766d3bdc2d35dc36e1e9784aa8195237bfe', '521bd3d3187e590f:away-1', 1, 9, '01a2176f-25af-79ab-8eb6-26157cf61d39', '98a32e42825a7d5a9fe7feafa8ccaf5a88fd72cf945d2daac85a13b7cfb36872', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'61636365707465642C20626F622069732061776179', '', '[]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-11-26T10:38:09.831Z', '2026-11-26T10:38:09.839Z', 1795689490602, 1795689492918);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('event', 13);
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('inbox', 7);
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('receipt', 7);
DELETE FROM "inbox_text_data";
INSERT INTO "inbox_text_data" ("id", "block") VALUES (1, X'0717');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (10, X'00000000FF00000101070800070101010101010101020101020200000103010103030000010401010404000001050101050500000106010106060000010701010707000001');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (137438953473, X'00000028033061740102040105666972737401020201056C756E636801020301046E6F6F6E01020504070A0A');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (274877906945, X'0000001C0730677275C39F650202020108756D6272656C6C61020203040B');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (412316860417, X'0000002E0430626F62030202010269730302050104706C616E030204010572656164790302060103746865030203040807090A');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (549755813889, X'0000001C06306167656E7404020402016E0402030103666F72040202040A06');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (687194767361, X'0000001C0630676976656E0502040102696405020301026E6F050202040A07');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (824633720833, X'000000180830726566757365640602020103746F6F060203040C');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (962072674305, X'000000280930616363657074656407020202037761790702050103626F6207020301026973070204040D0808');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (9007336693694464, X'04000000000000010000000000000001000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000');
DELETE FROM "inbox_text_idx";
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (1, X'', 2);
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (2, X'', 2);
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (3, X'', 2);
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (4, X'', 2);
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (5, X'', 2);
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (6, X'', 2);
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (7, X'', 2);
DELETE FROM "inbox_text_docsize";
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (2, X'02', 2);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (3, X'05', 3);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (4, X'03', 4);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (5, X'03', 5);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (6, X'02', 6);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (7, X'04', 7);
DELETE FROM "inbox_text_config";
INSERT INTO "inbox_text_config" ("k", "v") VALUES ('version', 4);
INSERT INTO "mention" ("member", "inbox_id") VALUES ('1d9a6a72a6965b911de921033c3a210cc31f8e5cdef83d213c4fa66bc4a36412', 3);
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (1, 'link_up', 1795689483278, NULL, '{"connection_id":"01a2176f-0c02-784a-8deb-7138808bf84f"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (2, 'message', 1795689483852, 1, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (3, 'message', 1795689484008, 2, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (4, 'message', 1795689484193, 3, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (5, 'mention', 1795689484193, 3, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (6, 'message', 1795689484539, 4, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (7, 'message', 1795689484754, 5, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (8, 'message', 1795689487124, 6, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (9, 'receipt', 1795689489297, NULL, '{"client_message_id":"01a2176f-2380-71da-b5b7-723efa7d22cd","outbox_id":1,"status":"done","stage":"accepted","at":"2026-11-26T10:38:09.295Z"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (10, 'receipt', 1795689489299, NULL, '{"client_message_id":"01a2176f-2380-71da-b5b7-723efa7d22cd","outbox_id":1,"status":"done","stage":"delivered","at":"2026-11-26T10:38:09.295Z"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (11, 'receipt', 1795689490551, NULL, '{"client_message_id":"01a2176f-2380-71da-b5b7-723efa7d22cd","outbox_id":1,"status":"done","stage":"delivered","at":"2026-11-26T10:38:09.295Z"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (12, 'message', 1795689490602, 7, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (13, 'link_up', 1795689490612, NULL, '{"connection_id":"01a2176f-28a3-7765-ae4d-0efe0fe2e9f1"}');
INSERT INTO "receipt" ("id", "recipient", "client_message_id", "request_fingerprint", "state", "at") VALUES (7, '521bd3d3187e590f2a3ca65ecc77e766d3bdc2d35dc36e1e9784aa8195237bfe', '521bd3d3187e590f:away-1', '98a32e42825a7d5a9fe7feafa8ccaf5a88fd72cf945d2daac85a13b7cfb36872', 'read', '2026-11-26T10:38:12.918Z');
INSERT INTO "position" ("incarnation", "epoch", "seq", "broker_message_id", "mac", "noted_at") VALUES ('221145fd-1c60-4591-ace3-96cf6cc496d9', 1, 9, '01a2176f-25af-79ab-8eb6-26157cf61d39', 'T_88nzETiASCancuxvCS92s7j7n3SxpjIXWYJrs3sEQ', 1795689490602);
INSERT INTO "fact" ("name", "value") VALUES ('directory', '{"told_at":"2026-11-26T10:38:10.610Z","members":[{"member_id":"521bd3d3187e590f2a3ca65ecc77e766d3bdc2d35dc36e1e9784aa8195237bfe","name":"alice","role":"owner","online":true,"agents":[],"last_seen_at":"2026-11-26T10:38:02.555Z"},{"member_id":"1d9a6a72a6965b911de921033c3a210cc31f8e5cdef83d213c4fa66bc4a36412","name":"bob","role":"member","online":true,"agents":[],"last_seen_at":"2026-11-26T10:38:10.595Z"}],"topics":[{"topic_id":"01a2176f-07ac-79c5-97b6-4059b363ea8f","name":"all","created_at":"2026-11-26T10:38:02.156Z","subscribers":2,"subscribed":true},{"topic_id":"01a2176f-143b-729c-b030-b9140c3b7291","name":"other","created_at":"2026-11-26T10:38:05.371Z","subscribers":2,"subscribed":true},{"topic_id":"01a2176f-0cd0-7546-9240-20bd94681463","name":"plans","created_at":"2026-11-26T10:38:03.472Z","subscribers":2,"subscribed":true},{"topic_id":"01a2176f-13c1-770a-a60a-32e41f7686af","name":"unsent","created_at":"2026-11-26T10:38:05.249Z","subscribers":0,"subscribed":false}]}');
INSERT INTO "fact" ("name", "value") VALUES ('last_instance_id', 'd04eb775-ca86-4c62-8d33-89ff0e912082');
INSERT INTO "fact" ("name", "value") VALUES ('log_epoch', '1');
INSERT INTO "fact" ("name", "value") VALUES ('negotiated_dedupe', '{"mode":"retention_scoped","dedupe_retention_days":365,"fingerprint_versions":["sha256-jcs-v1","sha256-jcs-v2"],"version":2}');
CREATE UNIQUE INDEX inbox_once ON inbox (sender, client_message_id) WHERE client_message_id IS NOT NULL;
CREATE UNIQUE INDEX inbox_broker_made ON inbox (epoch, seq) WHERE client_message_id IS NULL;
CREATE INDEX inbox_supersedes ON inbox (sender, supersedes) WHERE supersedes IS NOT NULL;
CREATE INDEX inbox_sender ON inbox (sender, id);
CREATE INDEX inbox_topic ON inbox (topic, id) WHERE topic IS NOT NULL;
CREATE INDEX inbox_agent ON inbox (agent, id) WHERE agent IS NOT NULL;
CREATE INDEX inbox_unread ON inbox (id) WHERE read_at IS NULL AND shown = 1;
CREATE INDEX inbox_received ON inbox (received_at);
CREATE INDEX inbox_bodies ON inbox (received_at) WHERE body IS NOT NULL;
CREATE INDEX mention_inbox ON mention (inbox_id);
COMMIT;
