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
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0001_inbox.sql', '91fb91f489f6880643e405da5fcc3da104e408e7d7a598a7c760180a7e31113a', '2026-11-26T10:38:45.259Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0002_unsigned.sql', '8127df9342d0b007570195a3b39737054fb6bec86f56498d3a8bcc5c537934cd', '2026-11-26T10:38:45.260Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0003_receipt_message.sql', 'b4a47bc49619759cdade54b52e653d09300abf83ed3d5a320e070eac8d7a0f80', '2026-11-26T10:38:45.261Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0004_undecryptable.sql', '1518be9993ea81d59b02257ede2af1e47f27be8fa44e57daa647a34e4223f33f', '2026-11-26T10:38:45.261Z');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (1, 'f1ecf89f2dbd7b6c6f25b0c8465f7dd561ea260dffd36ce65914665ed3aebfe2', 'f1ecf89f2dbd7b6c:dm-1', 1, 1, '01a2176f-b20e-745e-abd3-c4765dfb766f', 'ab7ab44836d33e0b32a0084d5abdb5eb1fc5647f71964c4338f84b5095c8ecf2', NULL, NULL, 'alice', 'text/plain; charset=utf-8', NULL, '', '[]', NULL, NULL, 'next', 'hpke-v1', 1, 0, NULL, '2026-11-26T10:38:45.763Z', '2026-11-26T10:38:45.774Z', 1795689525777, NULL, '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (2, 'f1ecf89f2dbd7b6c6f25b0c8465f7dd561ea260dffd36ce65914665ed3aebfe2', 'f1ecf89f2dbd7b6c:dm-2', 1, 2, '01a2176f-b2cf-7cfd-80cc-1a75de2c4865', '8e32be69776d56284aefde01c81073347f0a3f51d61489c52459f7115d1f1feb', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'6772C3BCC39F6520E2809420E2988220756D6272656C6C61', '{"build":41,"kind":"red"}', '[]', NULL, NULL, 'next', 'hpke-v1', 1, 1, NULL, '2026-11-26T10:38:45.961Z', '2026-11-26T10:38:45.967Z', 1795689525969, NULL, '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (3, 'f1ecf89f2dbd7b6c6f25b0c8465f7dd561ea260dffd36ce65914665ed3aebfe2', 'f1ecf89f2dbd7b6c:topic-1', 1, 3, '01a2176f-b3a0-782a-a286-7a80d91d6886', 'a539c4fa6110001d403f0d41e9387e40b1774c113eeddf9f5dffd0be3959f14b', 'plans', NULL, 'alice', 'text/plain; charset=utf-8', X'40626F622074686520706C616E206973207265616479', '', '["1000483d7bc84f30c58485b9f09d106af1b46ce7661a19bf7063719a40ba253c"]', NULL, NULL, 'next', 'epoch-v1', 1, 1, NULL, '2026-11-26T10:38:46.138Z', '2026-11-26T10:38:46.176Z', 1795689526179, NULL, '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (4, 'f1ecf89f2dbd7b6c6f25b0c8465f7dd561ea260dffd36ce65914665ed3aebfe2', 'f1ecf89f2dbd7b6c:agent-1', 1, 4, '01a2176f-b532-7d3c-8000-7c540abccfa1', '6fdbeaadaca307effe7e3752810ef54e45749888a016cce9332e9a7268bf8dfd', NULL, 'helper', 'alice', 'text/plain; charset=utf-8', X'666F7220616E206167656E74', '', '[]', NULL, NULL, 'next', 'hpke-v1', 1, 1, NULL, '2026-11-26T10:38:46.571Z', '2026-11-26T10:38:46.578Z', 1795689526580, 1795689589664, '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (5, 'f1ecf89f2dbd7b6c6f25b0c8465f7dd561ea260dffd36ce65914665ed3aebfe2', 'f1ecf89f2dbd7b6c:01a2176f-b5e2-7f24-899a-a9fe2836803c', 1, 5, '01a2176f-b5ed-7cf5-8502-42738ccd4407', '1a1256df112892e9eb107f1bb9714d642cf8154dadce9f115e9ec2f2ea6e57e8', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'6E6F20696420676976656E', '', '[]', NULL, NULL, 'next', 'hpke-v1', 1, 1, NULL, '2026-11-26T10:38:46.758Z', '2026-11-26T10:38:46.765Z', 1795689526768, 1795689589667, '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (6, 'f1ecf89f2dbd7b6c6f25b0c8465f7dd561ea260dffd36ce65914665ed3aebfe2', 'f1ecf89f2dbd7b6c:mon-1', 1, 6, '01a21770-abbb-76f3-8e4b-53bff7f6fc4c', 'b5cbed7ec1fd99508b1ccb2f832b8cb52b66d426b31fad8bba57ac5b2b996f31', 'plans', NULL, 'alice', 'text/plain; charset=utf-8', X'66726F6D2061206D6F6E69746F722C20756E7369676E6564', '', '[]', NULL, NULL, 'next', 'none', 0, 1, NULL, '2026-11-26T10:39:49.690Z', '2026-11-26T10:39:49.691Z', 1795689589693, NULL, 'api:01a2176f-b81e-7493-acf3-1f44cb6987fe');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via") VALUES (7, 'f1ecf89f2dbd7b6c6f25b0c8465f7dd561ea260dffd36ce65914665ed3aebfe2', 'f1ecf89f2dbd7b6c:away-1', 1, 9, '01a21770-b51e-7e0b-b2e4-5001a6f433bf', 'f411ff655aa9a7c30ef4e92bdcefe75157d7141153226d71e44b19f6975a1ec4', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'61636365707465642C20626F622069732061776179', '', '[]', NULL, NULL, 'next', 'hpke-v1', 1, 1, NULL, '2026-11-26T10:39:52.089Z', '2026-11-26T10:39:52.094Z', 1795689592816, 1795689595092, '');
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('event', 15);
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('inbox', 7);
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('receipt', 8);
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('undecryptable', 2);
DELETE FROM "inbox_text_data";
INSERT INTO "inbox_text_data" ("id", "block") VALUES (1, X'0719');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (10, X'00000000FF00000101070800070101010101010101020101020200000103010103030000010401010404000001050101050500000106010106060000010701010707000001');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (137438953473, X'00000028033061740102040105666972737401020201056C756E636801020301046E6F6F6E01020504070A0A');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (274877906945, X'0000001C0730677275C39F650202020108756D6272656C6C61020203040B');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (412316860417, X'0000002E0430626F62030202010269730302050104706C616E030204010572656164790302060103746865030203040807090A');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (549755813889, X'0000001C06306167656E7404020402016E0402030103666F72040202040A06');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (687194767361, X'0000001C0630676976656E0502040102696405020301026E6F050202040A07');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (824633720833, X'0000002C023061060203010466726F6D06020201076D6F6E69746F720602040108756E7369676E65640602050406090C');
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
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (6, X'04', 6);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (7, X'04', 7);
DELETE FROM "inbox_text_config";
INSERT INTO "inbox_text_config" ("k", "v") VALUES ('version', 4);
INSERT INTO "mention" ("member", "inbox_id") VALUES ('1000483d7bc84f30c58485b9f09d106af1b46ce7661a19bf7063719a40ba253c', 3);
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (1, 'link_up', 1795689525306, NULL, '{"connection_id":"01a2176f-b025-7c62-b2bd-7502e66194b7"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (2, 'message', 1795689525777, 1, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (3, 'message', 1795689525969, 2, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (4, 'message', 1795689526179, 3, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (5, 'mention', 1795689526179, 3, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (6, 'message', 1795689526580, 4, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (7, 'message', 1795689526768, 5, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (8, 'message', 1795689589693, 6, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (9, 'receipt', 1795689591526, NULL, '{"client_message_id":"01a21770-b2d6-7a4b-9257-b4e043eb2fd0","outbox_id":1,"status":"done","stage":"accepted","at":"2026-11-26T10:39:51.523Z"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (10, 'receipt', 1795689591535, NULL, '{"client_message_id":"01a21770-b2d6-7a4b-9257-b4e043eb2fd0","outbox_id":1,"status":"done","stage":"delivered","at":"2026-11-26T10:39:51.523Z"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (11, 'receipt', 1795689592775, NULL, '{"client_message_id":"01a21770-b2d6-7a4b-9257-b4e043eb2fd0","outbox_id":1,"status":"done","stage":"delivered","at":"2026-11-26T10:39:51.523Z"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (12, 'message', 1795689592816, 7, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (13, 'link_up', 1795689592832, NULL, '{"connection_id":"01a21770-b7e1-778c-b9cb-016ee56c0a8e"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (14, 'undecryptable', 1795689595354, NULL, '{"history_id":10,"client_message_id":"f1ecf89f2dbd7b6c:frozen-1","from":{"member_id":"f1ecf89f2dbd7b6c6f25b0c8465f7dd561ea260dffd36ce65914665ed3aebfe2"},"to":"@1000483d7bc84f30c58485b9f09d106af1b46ce7661a19bf7063719a40ba253c","code":"waits_for_key","reason":"it is sealed to a key that this member does not have yet","final":false}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (15, 'undecryptable', 1795689596834, NULL, '{"history_id":11,"client_message_id":"f1ecf89f2dbd7b6c:waits-1","from":{"member_id":"f1ecf89f2dbd7b6c6f25b0c8465f7dd561ea260dffd36ce65914665ed3aebfe2"},"to":"@1000483d7bc84f30c58485b9f09d106af1b46ce7661a19bf7063719a40ba253c","code":"undecryptable","reason":"it was sealed to a key of this member that is no longer kept","final":true}');
INSERT INTO "receipt" ("id", "recipient", "client_message_id", "request_fingerprint", "state", "at") VALUES (8, 'f1ecf89f2dbd7b6c6f25b0c8465f7dd561ea260dffd36ce65914665ed3aebfe2', 'f1ecf89f2dbd7b6c:away-1', 'f411ff655aa9a7c30ef4e92bdcefe75157d7141153226d71e44b19f6975a1ec4', 'read', '2026-11-26T10:39:55.092Z');
INSERT INTO "position" ("incarnation", "epoch", "seq", "broker_message_id", "mac", "noted_at") VALUES ('a475843f-75ff-4e79-8c81-884699821b45', 1, 9, '01a21770-b51e-7e0b-b2e4-5001a6f433bf', 'mTAlW4IIMSfae-m7D-2hxM3mZ2z9N2Zd7w44uocXzrQ', 1795689592816);
INSERT INTO "fact" ("name", "value") VALUES ('directory', '{"told_at":"2026-11-26T10:39:52.826Z","members":[{"member_id":"f1ecf89f2dbd7b6c6f25b0c8465f7dd561ea260dffd36ce65914665ed3aebfe2","name":"alice","role":"owner","online":true,"agents":[],"last_seen_at":"2026-11-26T10:39:44.560Z"},{"member_id":"1000483d7bc84f30c58485b9f09d106af1b46ce7661a19bf7063719a40ba253c","name":"bob","role":"member","online":true,"agents":[],"last_seen_at":"2026-11-26T10:39:52.802Z"}],"topics":[{"topic_id":"01a2176f-ab19-7641-915b-47b6d6f1d3fc","name":"all","created_at":"2026-11-26T10:38:43.993Z","subscribers":2,"subscribed":true,"unsealed":false,"unsealed_through":0},{"topic_id":"01a2176f-b9bd-798f-b771-b694b9aac0fe","name":"other","created_at":"2026-11-26T10:38:47.741Z","subscribers":2,"subscribed":true,"unsealed":false,"unsealed_through":0},{"topic_id":"01a2176f-b0cc-7c01-96cc-47f789a23948","name":"plans","created_at":"2026-11-26T10:38:45.452Z","subscribers":2,"subscribed":true,"unsealed":true,"unsealed_through":0},{"topic_id":"01a2176f-b8e1-7eeb-91a7-0a3848cb7a62","name":"unsent","created_at":"2026-11-26T10:38:47.521Z","subscribers":0,"subscribed":false,"unsealed":false,"unsealed_through":0}],"queues":[]}');
INSERT INTO "fact" ("name", "value") VALUES ('last_instance_id', '867d7d5b-a2d2-4e44-a3ac-5c7e9795192d');
INSERT INTO "fact" ("name", "value") VALUES ('log_epoch', '1');
INSERT INTO "fact" ("name", "value") VALUES ('negotiated_dedupe', '{"mode":"retention_scoped","dedupe_retention_days":365,"fingerprint_versions":["sha256-jcs-v1","sha256-jcs-v2"],"version":2}');
INSERT INTO "undecryptable" ("id", "epoch", "seq", "sender", "client_message_id", "item", "code", "reason", "final", "since") VALUES (1, 1, 10, 'f1ecf89f2dbd7b6c6f25b0c8465f7dd561ea260dffd36ce65914665ed3aebfe2', 'f1ecf89f2dbd7b6c:frozen-1', '{"destination":"dm:1000483d7bc84f30c58485b9f09d106af1b46ce7661a19bf7063719a40ba253c","seq":10,"epoch":1,"broker_message_id":"01a21772-0000-7000-8000-000000000000","accepted_at":"2026-11-26T10:39:55.349Z","position":{"incarnation":"a475843f-75ff-4e79-8c81-884699821b45","epoch":1,"seq":10,"broker_message_id":"01a21772-0000-7000-8000-000000000000","mac":"mTAlW4IIMSfae-m7D-2hxM3mZ2z9N2Zd7w44uocXzrQ"},"client_message_id":"f1ecf89f2dbd7b6c:frozen-1","request_fingerprint":"529945bbb6a9eb0b6ef18abfefb83957a0a95c58f6085ae90d98a67456a1026e","envelope":{"version":2,"mesh_id":"01a2176f-ab19-7b76-badf-3dfa74c536f8","sender":"f1ecf89f2dbd7b6c6f25b0c8465f7dd561ea260dffd36ce65914665ed3aebfe2","client_message_id":"f1ecf89f2dbd7b6c:frozen-1","destination_kind":"dm","destination_ref":"1000483d7bc84f30c58485b9f09d106af1b46ce7661a19bf7063719a40ba253c","reply_to":null,"supersedes":null,"priority":"next","meta":"","mentions":[],"content_type":"text/plain; charset=utf-8","algorithm":"hpke-v1","sealed_to":"ffe95c474ba25420f740dcfd2ff6f4f4706cf9fd6a891c490504a71a390faf28","body":"5v5BH8J6E4Hwzo6RgW923pSjzOwpGvihMxo2mciEFnUl8LycMO3bvWMFD4sn33pfIXGJeclt9bOVNuTiBc2cLGkQnqWbzphCDwBuzQ","key_id":"f1ecf89f2dbd7b6c6f25b0c8465f7dd561ea260dffd36ce65914665ed3aebfe2","request_fingerprint":"428e9b9045a2d06672452dd9b4520c23429cacc474e5e489d1d027d036b91c57","membership_head":"c7a537aeb13863be764ce623565dc3bb203aea5a2c35022393394296b3ec5b7e","sent_at":"2026-11-26T10:39:55.349Z","signature":"qdihdxJuw9eWPv7BfNGiFrKyNaGl3BpMnV-c9QWQLJU0iwpkSaZ2nfh8GkfSoZKJtS1a6lVQCs8dW_CmqGumBg"}}', 'waits_for_key', 'it is sealed to a key that this member does not have yet', 0, 1795689595354);
INSERT INTO "undecryptable" ("id", "epoch", "seq", "sender", "client_message_id", "item", "code", "reason", "final", "since") VALUES (2, 1, 11, 'f1ecf89f2dbd7b6c6f25b0c8465f7dd561ea260dffd36ce65914665ed3aebfe2', 'f1ecf89f2dbd7b6c:waits-1', '{"destination":"dm:1000483d7bc84f30c58485b9f09d106af1b46ce7661a19bf7063719a40ba253c","seq":11,"epoch":1,"broker_message_id":"01a21772-0000-7000-8000-000000000001","accepted_at":"2026-11-26T10:39:56.829Z","position":{"incarnation":"a475843f-75ff-4e79-8c81-884699821b45","epoch":1,"seq":11,"broker_message_id":"01a21772-0000-7000-8000-000000000001","mac":"mTAlW4IIMSfae-m7D-2hxM3mZ2z9N2Zd7w44uocXzrQ"},"client_message_id":"f1ecf89f2dbd7b6c:waits-1","request_fingerprint":"24ceec8f664c31194bb642c36c3957a4b103202ad5a45cbe9ce6780d279e1bfc","envelope":{"version":2,"mesh_id":"01a2176f-ab19-7b76-badf-3dfa74c536f8","sender":"f1ecf89f2dbd7b6c6f25b0c8465f7dd561ea260dffd36ce65914665ed3aebfe2","client_message_id":"f1ecf89f2dbd7b6c:waits-1","destination_kind":"dm","destination_ref":"1000483d7bc84f30c58485b9f09d106af1b46ce7661a19bf7063719a40ba253c","reply_to":null,"supersedes":null,"priority":"next","meta":"","mentions":[],"content_type":"text/plain; charset=utf-8","algorithm":"hpke-v1","sealed_to":"ffe95c474ba25420f740dcfd2ff6f4f4706cf9fd6a891c490504a71a390faf28","body":"bXz4NjKHd_38FnxBoLxIrZorb8TKqUvbQi7MDOr2WmSZJ20nC-KFUg8zfJ-U7DWLLezT9A56J6Y1XzLdZfVQl9w","key_id":"f1ecf89f2dbd7b6c6f25b0c8465f7dd561ea260dffd36ce65914665ed3aebfe2","request_fingerprint":"6bb0dd875cd664a2162117c093fa044fb41a208bdaa6e8d6983f47293f130d5d","membership_head":"c7a537aeb13863be764ce623565dc3bb203aea5a2c35022393394296b3ec5b7e","sent_at":"2026-11-26T10:39:56.829Z","signature":"AG74NRhAUuinMfnMA7RfXZDCSG6pblw_EVh8VXtvgiiogjNmVKkYRYpnAbpLYoc_VDPb_OawJVpT9Qc2tTOfDQ"}}', 'undecryptable', 'it was sealed to a key of this member that is no longer kept', 1, 1795689596834);
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
