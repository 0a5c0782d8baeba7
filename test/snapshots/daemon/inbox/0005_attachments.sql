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
, via TEXT NOT NULL DEFAULT '', attachments TEXT NOT NULL DEFAULT '') STRICT;
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
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0001_inbox.sql', '91fb91f489f6880643e405da5fcc3da104e408e7d7a598a7c760180a7e31113a', '2026-11-26T10:41:23.995Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0002_unsigned.sql', '8127df9342d0b007570195a3b39737054fb6bec86f56498d3a8bcc5c537934cd', '2026-11-26T10:41:23.996Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0003_receipt_message.sql', 'b4a47bc49619759cdade54b52e653d09300abf83ed3d5a320e070eac8d7a0f80', '2026-11-26T10:41:23.997Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0004_undecryptable.sql', '1518be9993ea81d59b02257ede2af1e47f27be8fa44e57daa647a34e4223f33f', '2026-11-26T10:41:23.997Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0005_attachments.sql', 'ef3dda62941d819c3c631197f4dd739b7528566f71eabc055b32ee66da2c48bb', '2026-11-26T10:41:23.998Z');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments") VALUES (1, '0e9b24d08a6fdaa04c9268887a5c63d6bfccd94e3000e088648413c5c6696a9f', '0e9b24d08a6fdaa0:dm-1', 1, 1, '01a21772-1ec8-7487-940b-9495650e9d6c', '872a388061f5694e55d1bd6d7400a4714f3bedc27659c05190b1ab979eb05937', NULL, NULL, 'alice', 'text/plain; charset=utf-8', NULL, '', '[]', NULL, NULL, 'next', 'hpke-v1', 1, 0, NULL, '2026-11-26T10:41:24.666Z', '2026-11-26T10:41:24.680Z', 1795689684684, NULL, '', '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments") VALUES (2, '0e9b24d08a6fdaa04c9268887a5c63d6bfccd94e3000e088648413c5c6696a9f', '0e9b24d08a6fdaa0:dm-2', 1, 2, '01a21772-1f8a-7eeb-ad88-addd970f40d2', '5b397dee9ec4af965c54b2975c3a0818693dcd65e18a51d621c716529b531e73', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'6772C3BCC39F6520E2809420E2988220756D6272656C6C61', '{"build":41,"kind":"red"}', '[]', NULL, NULL, 'next', 'hpke-v1', 1, 1, NULL, '2026-11-26T10:41:24.871Z', '2026-11-26T10:41:24.874Z', 1795689684877, NULL, '', '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments") VALUES (3, '0e9b24d08a6fdaa04c9268887a5c63d6bfccd94e3000e088648413c5c6696a9f', '0e9b24d08a6fdaa0:topic-1', 1, 3, '01a21772-2093-7e35-b673-173269658db8', '8d997d8b9a55efcf46decbac225099cac166ec15887d124fe8194841dd76a570', 'plans', NULL, 'alice', 'text/plain; charset=utf-8', X'40626F622074686520706C616E206973207265616479', '', '["a1edb554b9779d194cbba96b286b427e9b84238630615609dbf3c18b922ed0b0"]', NULL, NULL, 'next', 'epoch-v1', 1, 1, NULL, '2026-11-26T10:41:25.111Z', '2026-11-26T10:41:25.139Z', 1795689685142, NULL, '', '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments") VALUES (4, '0e9b24d08a6fdaa04c9268887a5c63d6bfccd94e3000e088648413c5c6696a9f', '0e9b24d08a6fdaa0:agent-1', 1, 4, '01a21772-2248-7eaf-a13a-bc1ea4ba63d2', '5906975e4cd7921e1501ac4a9513c151d2f5b65a0bf3978b9e1af99530543ad5', NULL, 'helper', 'alice', 'text/plain; charset=utf-8', X'666F7220616E206167656E74', '', '[]', NULL, NULL, 'next', 'hpke-v1', 1, 1, NULL, '2026-11-26T10:41:25.573Z', '2026-11-26T10:41:25.576Z', 1795689685578, NULL, '', '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments") VALUES (5, '0e9b24d08a6fdaa04c9268887a5c63d6bfccd94e3000e088648413c5c6696a9f', '0e9b24d08a6fdaa0:01a21772-232c-7080-a201-4ab3c9576611', 1, 5, '01a21772-2335-7687-a085-4bfc05c91098', '30275133e24a3569cb9c95f2d3f2d51145dd87880fb4b3a49cd56b0a01f57df8', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'6E6F20696420676976656E', '', '[]', NULL, NULL, 'next', 'hpke-v1', 1, 1, NULL, '2026-11-26T10:41:25.809Z', '2026-11-26T10:41:25.813Z', 1795689685815, NULL, '', '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments") VALUES (6, '0e9b24d08a6fdaa04c9268887a5c63d6bfccd94e3000e088648413c5c6696a9f', '0e9b24d08a6fdaa0:file-1', 1, 6, '01a21772-2445-7f4d-84e7-b616c1854954', '2a93bb4d6f96ad4802b4370aa7f3b86602acf16835e8a3a633dab0f7e3af6a44', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'7769746820612066696C65', '', '[]', NULL, NULL, 'next', 'hpke-v1', 1, 1, NULL, '2026-11-26T10:41:26.045Z', '2026-11-26T10:41:26.085Z', 1795689686087, 1795689689407, '', '[{"name":"plan.txt","bytes":19,"content_type":"application/octet-stream","file_id":"195e64a29f991fa620ef7b799ef87a2957bdfc0a979a82934cbc1314839b3caf","key":"rxFgOpopdPD4Jjs-D5v7egb-w9GurTa4K72UKSW78f8"}]');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments") VALUES (7, '0e9b24d08a6fdaa04c9268887a5c63d6bfccd94e3000e088648413c5c6696a9f', '0e9b24d08a6fdaa0:dead-2-again', 1, 7, '01a21772-2fda-7a62-8b49-7620187f2d57', '4ce881f125fc4bd48bfd1b0c0bddcea71dda9ac40dc951567245f6c89a5eecb4', 'other', NULL, 'alice', 'text/plain; charset=utf-8', X'7265667573656420746F6F', '', '[]', NULL, '0e9b24d08a6fdaa0:dead-2', 'next', 'epoch-v1', 1, 1, NULL, '2026-11-26T10:41:28.995Z', '2026-11-26T10:41:29.050Z', 1795689689051, 1795689689410, '', '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments") VALUES (8, '0e9b24d08a6fdaa04c9268887a5c63d6bfccd94e3000e088648413c5c6696a9f', '0e9b24d08a6fdaa0:mon-1', 1, 8, '01a21772-315f-7a92-8150-7371644629c4', '9e145dbafcb59cb260cb807be2fe1866e6e5261bcc54e0a0c0015fedee379ee8', 'plans', NULL, 'alice', 'text/plain; charset=utf-8', X'66726F6D2061206D6F6E69746F722C20756E7369676E6564', '', '[]', NULL, NULL, 'next', 'none', 0, 1, NULL, '2026-11-26T10:41:29.437Z', '2026-11-26T10:41:29.439Z', 1795689689443, NULL, 'api:01a21772-25d9-7496-a714-d7bef2b70554', '');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments") VALUES (9, '0e9b24d08a6fdaa04c9268887a5c63d6bfccd94e3000e088648413c5c6696a9f', '0e9b24d08a6fdaa0:away-1', 1, 11, '01a21772-3b72-7a32-95a8-e3edd85a8f8c', '63a7c0c9d1155f6b4e35faa44e5d7e203d78ca7e188883386e755c135775714d', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'61636365707465642C20626F622069732061776179', '', '[]', NULL, NULL, 'next', 'hpke-v1', 1, 1, NULL, '2026-11-26T10:41:32.014Z', '2026-11-26T10:41:32.018Z', 1795689692794, 1795689694769, '', '');
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('event', 17);
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('inbox', 9);
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('receipt', 8);
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('undecryptable', 2);
DELETE FROM "inbox_text_data";
INSERT INTO "inbox_text_data" ("id", "block") VALUES (1, X'091E');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (10, X'00000000FF00000101090A0009010101010101010102010102020000010301010303000001040101040400000105010105050000010601010606000001070101070700000108010108080000010901010909000001');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (137438953473, X'00000028033061740102040105666972737401020201056C756E636801020301046E6F6F6E01020504070A0A');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (274877906945, X'0000001C0730677275C39F650202020108756D6272656C6C61020203040B');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (412316860417, X'0000002E0430626F62030202010269730302050104706C616E030204010572656164790302060103746865030203040807090A');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (549755813889, X'0000001C06306167656E7404020402016E0402030103666F72040202040A06');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (687194767361, X'0000001C0630676976656E0502040102696405020301026E6F050202040A07');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (824633720833, X'0000001C023061060203010466696C65060204010477697468060202040609');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (962072674305, X'000000180830726566757365640702020103746F6F070203040C');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (1099511627777, X'0000002C023061080203010466726F6D08020201076D6F6E69746F720802040108756E7369676E65640802050406090C');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (1236950581249, X'000000280930616363657074656409020202037761790902050103626F6209020301026973090204040D0808');
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
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (9, X'', 2);
DELETE FROM "inbox_text_docsize";
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (2, X'02', 2);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (3, X'05', 3);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (4, X'03', 4);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (5, X'03', 5);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (6, X'03', 6);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (7, X'02', 7);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (8, X'04', 8);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (9, X'04', 9);
DELETE FROM "inbox_text_config";
INSERT INTO "inbox_text_config" ("k", "v") VALUES ('version', 4);
INSERT INTO "mention" ("member", "inbox_id") VALUES ('a1edb554b9779d194cbba96b286b427e9b84238630615609dbf3c18b922ed0b0', 3);
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (1, 'link_up', 1795689684052, NULL, '{"connection_id":"01a21772-1c45-7408-a86f-88e9ad58db9e"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (2, 'message', 1795689684684, 1, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (3, 'message', 1795689684877, 2, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (4, 'message', 1795689685142, 3, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (5, 'mention', 1795689685142, 3, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (6, 'message', 1795689685578, 4, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (7, 'message', 1795689685815, 5, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (8, 'message', 1795689686087, 6, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (9, 'message', 1795689689051, 7, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (10, 'message', 1795689689443, 8, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (11, 'receipt', 1795689691436, NULL, '{"client_message_id":"01a21772-391a-7614-97de-aaab7534b338","outbox_id":1,"status":"done","stage":"accepted","at":"2026-11-26T10:41:31.435Z"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (12, 'receipt', 1795689691440, NULL, '{"client_message_id":"01a21772-391a-7614-97de-aaab7534b338","outbox_id":1,"status":"done","stage":"delivered","at":"2026-11-26T10:41:31.433Z"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (13, 'receipt', 1795689692765, NULL, '{"client_message_id":"01a21772-391a-7614-97de-aaab7534b338","outbox_id":1,"status":"done","stage":"delivered","at":"2026-11-26T10:41:31.433Z"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (14, 'message', 1795689692794, 9, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (15, 'link_up', 1795689692811, NULL, '{"connection_id":"01a21772-3e75-7d31-b0e3-b98553c1ebfc"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (16, 'undecryptable', 1795689694972, NULL, '{"history_id":12,"client_message_id":"0e9b24d08a6fdaa0:frozen-1","from":{"member_id":"0e9b24d08a6fdaa04c9268887a5c63d6bfccd94e3000e088648413c5c6696a9f"},"to":"@a1edb554b9779d194cbba96b286b427e9b84238630615609dbf3c18b922ed0b0","code":"waits_for_key","reason":"it is sealed to a key that this member does not have yet","final":false}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (17, 'undecryptable', 1795689696414, NULL, '{"history_id":13,"client_message_id":"0e9b24d08a6fdaa0:waits-1","from":{"member_id":"0e9b24d08a6fdaa04c9268887a5c63d6bfccd94e3000e088648413c5c6696a9f"},"to":"@a1edb554b9779d194cbba96b286b427e9b84238630615609dbf3c18b922ed0b0","code":"undecryptable","reason":"it was sealed to a key of this member that is no longer kept","final":true}');
INSERT INTO "receipt" ("id", "recipient", "client_message_id", "request_fingerprint", "state", "at") VALUES (8, '0e9b24d08a6fdaa04c9268887a5c63d6bfccd94e3000e088648413c5c6696a9f', '0e9b24d08a6fdaa0:away-1', '63a7c0c9d1155f6b4e35faa44e5d7e203d78ca7e188883386e755c135775714d', 'read', '2026-11-26T10:41:34.769Z');
INSERT INTO "position" ("incarnation", "epoch", "seq", "broker_message_id", "mac", "noted_at") VALUES ('2e18d956-4146-4809-9751-9de865b4848d', 1, 11, '01a21772-3b72-7a32-95a8-e3edd85a8f8c', 'ZqA8x6lf0HDJo72rylH-qfGwGuVrO9vjXL6aPxzPU60', 1795689692794);
INSERT INTO "fact" ("name", "value") VALUES ('directory', '{"told_at":"2026-11-26T10:41:32.804Z","members":[{"member_id":"0e9b24d08a6fdaa04c9268887a5c63d6bfccd94e3000e088648413c5c6696a9f","name":"alice","role":"owner","online":true,"agents":[],"last_seen_at":"2026-11-26T10:41:23.168Z","kicked_until":null},{"member_id":"a1edb554b9779d194cbba96b286b427e9b84238630615609dbf3c18b922ed0b0","name":"bob","role":"member","online":true,"agents":[],"last_seen_at":"2026-11-26T10:41:32.789Z","kicked_until":null}],"topics":[{"topic_id":"01a21772-1712-75e0-a7fe-9db15709ca37","name":"all","created_at":"2026-11-26T10:41:22.706Z","subscribers":2,"subscribed":true,"unsealed":false,"unsealed_through":0},{"topic_id":"01a21772-2783-742e-b87d-dc84ebd621a5","name":"other","created_at":"2026-11-26T10:41:26.915Z","subscribers":2,"subscribed":true,"unsealed":false,"unsealed_through":0},{"topic_id":"01a21772-1d27-7d10-850c-d715de2d137b","name":"plans","created_at":"2026-11-26T10:41:24.263Z","subscribers":2,"subscribed":true,"unsealed":true,"unsealed_through":0},{"topic_id":"01a21772-26ad-73c5-bebb-ee15f1ec2d49","name":"unsent","created_at":"2026-11-26T10:41:26.701Z","subscribers":0,"subscribed":false,"unsealed":false,"unsealed_through":0}],"queues":[]}');
INSERT INTO "fact" ("name", "value") VALUES ('last_instance_id', '22671ec8-bda6-441a-98a7-c696ac564c14');
INSERT INTO "fact" ("name", "value") VALUES ('log_epoch', '1');
INSERT INTO "fact" ("name", "value") VALUES ('negotiated_dedupe', '{"mode":"retention_scoped","dedupe_retention_days":365,"fingerprint_versions":["sha256-jcs-v2","sha256-jcs-v1"],"version":2}');
INSERT INTO "undecryptable" ("id", "epoch", "seq", "sender", "client_message_id", "item", "code", "reason", "final", "since") VALUES (1, 1, 12, '0e9b24d08a6fdaa04c9268887a5c63d6bfccd94e3000e088648413c5c6696a9f', '0e9b24d08a6fdaa0:frozen-1', '{"destination":"dm:a1edb554b9779d194cbba96b286b427e9b84238630615609dbf3c18b922ed0b0","seq":12,"epoch":1,"broker_message_id":"01a21772-0000-7000-8000-000000000000","accepted_at":"2026-11-26T10:41:34.967Z","position":{"incarnation":"2e18d956-4146-4809-9751-9de865b4848d","epoch":1,"seq":12,"broker_message_id":"01a21772-0000-7000-8000-000000000000","mac":"ZqA8x6lf0HDJo72rylH-qfGwGuVrO9vjXL6aPxzPU60"},"client_message_id":"0e9b24d08a6fdaa0:frozen-1","request_fingerprint":"037e4fe4745ae523ce374c46e33683402ef9b1a75ca3058fbf5dd859318e190b","envelope":{"version":2,"mesh_id":"01a21772-1712-73c0-957d-0d9da9a537df","sender":"0e9b24d08a6fdaa04c9268887a5c63d6bfccd94e3000e088648413c5c6696a9f","client_message_id":"0e9b24d08a6fdaa0:frozen-1","destination_kind":"dm","destination_ref":"a1edb554b9779d194cbba96b286b427e9b84238630615609dbf3c18b922ed0b0","reply_to":null,"supersedes":null,"priority":"next","meta":"","mentions":[],"content_type":"text/plain; charset=utf-8","algorithm":"hpke-v1","sealed_to":"511cdbb22e417324bffb371627f6bde5192cda4ec6e6139af7e0709340284f45","body":"JK4XLrG1lICpl9epulUxxftlUVv0cm_n_bcaif4Lon0BSf1190FZRIAqJxHdKWhzDgNLbDaEbkhbkaXiG0QtnnptAY5B8pTn0k-baw","key_id":"0e9b24d08a6fdaa04c9268887a5c63d6bfccd94e3000e088648413c5c6696a9f","request_fingerprint":"ba9b9ba761ec4b7261f9e16b0026bfb0951a99b7f9f5c90d0145ab13cc19d35d","membership_head":"5eb1f6b63d4a54ade21dbdb1c8770813ed0a51972db9189b28c435262e43aae3","sent_at":"2026-11-26T10:41:34.967Z","signature":"s_tUjpHdEWGrWqBci7NONG-rr9fe50DTluEfrGmyktYtz-8BlbBSROinmNL8VTJ5GwgNNrEhcwmPlxIy7mvxDw"}}', 'waits_for_key', 'it is sealed to a key that this member does not have yet', 0, 1795689694972);
INSERT INTO "undecryptable" ("id", "epoch", "seq", "sender", "client_message_id", "item", "code", "reason", "final", "since") VALUES (2, 1, 13, '0e9b24d08a6fdaa04c9268887a5c63d6bfccd94e3000e088648413c5c6696a9f', '0e9b24d08a6fdaa0:waits-1', '{"destination":"dm:a1edb554b9779d194cbba96b286b427e9b84238630615609dbf3c18b922ed0b0","seq":13,"epoch":1,"broker_message_id":"01a21772-0000-7000-8000-000000000001","accepted_at":"2026-11-26T10:41:36.409Z","position":{"incarnation":"2e18d956-4146-4809-9751-9de865b4848d","epoch":1,"seq":13,"broker_message_id":"01a21772-0000-7000-8000-000000000001","mac":"ZqA8x6lf0HDJo72rylH-qfGwGuVrO9vjXL6aPxzPU60"},"client_message_id":"0e9b24d08a6fdaa0:waits-1","request_fingerprint":"6f95e89ee91772525bfc47de207163f50e6644716971fd5b1bdc3111e239d1e5","envelope":{"version":2,"mesh_id":"01a21772-1712-73c0-957d-0d9da9a537df","sender":"0e9b24d08a6fdaa04c9268887a5c63d6bfccd94e3000e088648413c5c6696a9f","client_message_id":"0e9b24d08a6fdaa0:waits-1","destination_kind":"dm","destination_ref":"a1edb554b9779d194cbba96b286b427e9b84238630615609dbf3c18b922ed0b0","reply_to":null,"supersedes":null,"priority":"next","meta":"","mentions":[],"content_type":"text/plain; charset=utf-8","algorithm":"hpke-v1","sealed_to":"511cdbb22e417324bffb371627f6bde5192cda4ec6e6139af7e0709340284f45","body":"6Ykk7-DlK7xE14kLo3_Q9HZvP-8nRB868L4-PxFmrS9daseNSvBuTd60_euQtnOkSsVINkLfsSve8bFoXbGcCFs","key_id":"0e9b24d08a6fdaa04c9268887a5c63d6bfccd94e3000e088648413c5c6696a9f","request_fingerprint":"9946308d25a4510662261153fbc5d74964f1218c3c1ca2b7b45fd1e35553e9d1","membership_head":"5eb1f6b63d4a54ade21dbdb1c8770813ed0a51972db9189b28c435262e43aae3","sent_at":"2026-11-26T10:41:36.409Z","signature":"TykPzlXLA4bU551tc-x1nCQBnwtftWwVpNP_6FKhRdCMMnJS5dZNZ_h8LHLFnGW3zxkei0TVsjl8-KdMBEFkCA"}}', 'undecryptable', 'it was sealed to a key of this member that is no longer kept', 1, 1795689696414);
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
