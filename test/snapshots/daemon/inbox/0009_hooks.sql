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
, via TEXT NOT NULL DEFAULT '', attachments TEXT NOT NULL DEFAULT '', restored INTEGER NOT NULL DEFAULT 0, injected_at INTEGER) STRICT;
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
CREATE TABLE agent (
  name         TEXT PRIMARY KEY,
  -- The program behind it, such as 'claude-code'; '': any that begins in its project.
  kind         TEXT NOT NULL,
  -- Folder that its sessions begin in; '': none.
  project      TEXT NOT NULL,
  -- 1: a user gave the name; 0: it is made of the folder's.
  chosen       INTEGER NOT NULL,
  created_at   INTEGER NOT NULL,
  last_seen_at INTEGER
) STRICT;
CREATE TABLE agent_former_name (
  name  TEXT PRIMARY KEY,
  agent TEXT NOT NULL,
  since INTEGER NOT NULL
) STRICT;
CREATE TABLE agent_session (
  kind         TEXT NOT NULL,
  session_id   TEXT NOT NULL,
  agent        TEXT NOT NULL,
  project      TEXT NOT NULL,
  -- Process id and when it began; '' where that is not known.
  process      TEXT NOT NULL,
  -- Where it takes messages; '' where it does not. The token for it is on no disk.
  socket_path  TEXT NOT NULL,
  -- 1: it works on something now.
  busy         INTEGER NOT NULL,
  started_at   INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  lease_until  INTEGER NOT NULL,
  -- NULL while it lives: it said that it ends, or its lease ran out.
  ended_at     INTEGER,
  PRIMARY KEY (kind, session_id)
) STRICT;
CREATE TABLE agent_topic (
  agent    TEXT NOT NULL,
  topic    TEXT NOT NULL,
  after_id INTEGER NOT NULL,
  PRIMARY KEY (agent, topic)
) STRICT, WITHOUT ROWID;
CREATE TABLE agent_offer (
  agent       TEXT NOT NULL,
  inbox_id    INTEGER NOT NULL,
  -- waiting, offered, held, denied, notified, injected, read: src/daemon/agents/next-offer.ts
  state       TEXT NOT NULL,
  way         TEXT NOT NULL,
  kind        TEXT NOT NULL,
  session_id  TEXT NOT NULL,
  -- Of the last offer; a new one each time, so that who holds an old one changes nothing.
  offer_id    TEXT NOT NULL,
  -- How often it was offered: from the second time on it is marked as a repeat.
  offers      INTEGER NOT NULL,
  -- 1: the offer brings a notice in place of the text, as the policy for its sender says.
  notice      INTEGER NOT NULL,
  -- 1: somebody here has said that it may go in, whatever the policy for its sender.
  released    INTEGER NOT NULL,
  lease_until INTEGER,
  -- Of a message that was given back: not offered again before.
  not_before  INTEGER,
  offered_at  INTEGER NOT NULL,
  -- When the session itself showed its id.
  seen_at     INTEGER,
  changed_at  INTEGER NOT NULL,
  reason      TEXT,
  PRIMARY KEY (agent, inbox_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE sender_policy (
  agent   TEXT NOT NULL,
  sender  TEXT NOT NULL,
  policy  TEXT NOT NULL,
  -- Past it the line says nothing more.
  until   INTEGER,
  set_at  INTEGER NOT NULL,
  PRIMARY KEY (agent, sender)
) STRICT, WITHOUT ROWID;
CREATE TABLE hook_run (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  hook       TEXT NOT NULL,
  -- Of the event that it is for; NULL for what is no event of the list: a start, a test, a message about to be sent.
  event_id   INTEGER,
  event      TEXT NOT NULL,
  -- waiting → running → ended; running → waiting when the daemon ends in between.
  state      TEXT NOT NULL,
  -- How often it was begun.
  attempts   INTEGER NOT NULL,
  queued_at  INTEGER NOT NULL,
  started_at INTEGER,
  -- '<pid>:<start time>' of what runs, so that a daemon that was killed finds what it left.
  process    TEXT,
  ended_at   INTEGER,
  outcome    TEXT,
  exit_code  INTEGER,
  signal     TEXT,
  reason     TEXT,
  -- The end of its standard error.
  said       TEXT,
  -- client_message_id of its reply, in the sender's own form.
  reply      TEXT,
  -- More than one: events that were dropped together.
  runs       INTEGER NOT NULL DEFAULT 1
) STRICT;
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0001_inbox.sql', '91fb91f489f6880643e405da5fcc3da104e408e7d7a598a7c760180a7e31113a', '2026-11-26T11:33:19.215Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0002_unsigned.sql', '8127df9342d0b007570195a3b39737054fb6bec86f56498d3a8bcc5c537934cd', '2026-11-26T11:33:19.223Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0003_receipt_message.sql', 'b4a47bc49619759cdade54b52e653d09300abf83ed3d5a320e070eac8d7a0f80', '2026-11-26T11:33:19.232Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0004_undecryptable.sql', '1518be9993ea81d59b02257ede2af1e47f27be8fa44e57daa647a34e4223f33f', '2026-11-26T11:33:19.237Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0005_attachments.sql', 'ef3dda62941d819c3c631197f4dd739b7528566f71eabc055b32ee66da2c48bb', '2026-11-26T11:33:19.247Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0006_restored.sql', '0827e0db619b658f6faadae2c72e4c54b897ca85d3e8f152336d57015fcdac69', '2026-11-26T11:33:19.253Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0007_agents.sql', 'cd3035084983caf01c455ae796d239df72ae31e60d00516566dc913634254306', '2026-11-26T15:10:46.380Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0008_offers.sql', '09058be10fb1f238bf89c62013bbdbb7afe566564bbc8d98702e792fe3941168', '2026-11-26T15:25:01.642Z');
INSERT INTO "schema_migration" ("name", "sha256", "applied_at") VALUES ('0009_hooks.sql', '12c860c577b9a5ced07fffbedd67d44f8ddd1fbb77f4e0576f74f1395f887712', '2026-11-26T15:28:51.649Z');
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored", "injected_at") VALUES (1, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:dm-1', 1, 1, '01a217a1-af1f-7a76-96b7-1641c8205a70', '56200ba782f6cfc7b1f9a480f6b6ce9b93eda5b9a0dfbec847bf075645cb1964', NULL, NULL, 'alice', 'text/plain; charset=utf-8', NULL, '', '[]', NULL, NULL, 'next', 'hpke-v1', 1, 0, NULL, '2026-11-26T11:33:21.798Z', '2026-11-26T11:33:21.823Z', 1795692801841, NULL, '', '', 0, NULL);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored", "injected_at") VALUES (2, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:dm-2', 1, 2, '01a217a1-b47f-7b12-842a-b556005385c3', '13a66fe999cd27b7f86d38c38f12f04a72f5de325066faaf3e28c6f9c07f0851', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'6772C3BCC39F6520E2809420E2988220756D6272656C6C61', '{"build":41,"kind":"red"}', '[]', NULL, NULL, 'next', 'hpke-v1', 1, 1, NULL, '2026-11-26T11:33:23.181Z', '2026-11-26T11:33:23.199Z', 1795692803210, NULL, '', '', 1, NULL);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored", "injected_at") VALUES (3, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:topic-1', 1, 3, '01a217a1-b826-767f-9fd2-6436b9f88b1d', 'a3890142884a5d11c99b09bc26994c68c5c93467c317453ebf52dcddeb00d7d8', 'plans', NULL, 'alice', 'text/plain; charset=utf-8', X'40626F622074686520706C616E206973207265616479', '', '["61b469d9f2ff0ecb078cde8a040adb7deb0582c9873b8d8e5c3b128ca2b50de2"]', NULL, NULL, 'next', 'epoch-v1', 1, 1, NULL, '2026-11-26T11:33:24.009Z', '2026-11-26T11:33:24.134Z', 1795692804156, NULL, '', '', 0, NULL);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored", "injected_at") VALUES (4, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:agent-1', 1, 4, '01a217a1-bddd-75fc-9d7f-08bdc715b64f', 'ed45a3819a26f337fe16e8b17147eed7aa5f3b06a73cc1a3cd1217065c905bd6', NULL, 'helper', 'alice', 'text/plain; charset=utf-8', X'666F7220616E206167656E74', '', '[]', NULL, NULL, 'next', 'hpke-v1', 1, 1, NULL, '2026-11-26T11:33:25.581Z', '2026-11-26T11:33:25.597Z', 1795692805604, NULL, '', '', 3, 1795707000000);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored", "injected_at") VALUES (5, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:01a217a1-c0e4-758d-ba2e-d2685670b90b', 1, 5, '01a217a1-c10c-7fc8-93a4-53957ea91f8a', NULL, NULL, NULL, NULL, '', NULL, '', '[]', NULL, NULL, 'next', 'none', 0, 0, NULL, '2026-11-26T11:33:26.381Z', '2026-11-26T11:33:26.412Z', 1795692806418, NULL, '', '', 2, NULL);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored", "injected_at") VALUES (6, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:file-1', 1, 6, '01a217a1-c4c9-729d-9c73-a58b12877607', 'e45765d69afda7103d42b3a91482d4fd94c5a98978f235ba072c55a4d9b33dfa', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'7769746820612066696C65', '', '[]', NULL, NULL, 'next', 'hpke-v1', 1, 1, NULL, '2026-11-26T11:33:27.274Z', '2026-11-26T11:33:27.369Z', 1795692807377, 1795692814196, '', '[{"name":"plan.txt","bytes":19,"content_type":"application/octet-stream","file_id":"cdecf67f43e5c64f3e39f7e91cfeb4c691d5a49ed900b0fa44feb5cbfe5d1a9f","key":"s_qdo8L15LOCdTYjN7lxhtVO9y51SXL34GyjG9C89Hk"}]', 0, NULL);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored", "injected_at") VALUES (7, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:dead-2-again', 1, 7, '01a217a1-dcba-7fe8-9d86-3c1dc919adf8', '267b2fcb038578922506afbac290f6977867c07f66f27fb203727cbc3482716d', 'other', NULL, 'alice', 'text/plain; charset=utf-8', X'7265667573656420746F6F', '', '[]', NULL, 'ebcacc643b4d962e:dead-2', 'next', 'epoch-v1', 1, 1, NULL, '2026-11-26T11:33:33.428Z', '2026-11-26T11:33:33.498Z', 1795692813506, 1795692814204, '', '', 0, NULL);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored", "injected_at") VALUES (8, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:mon-1', 1, 8, '01a217a1-dfb1-7646-96fb-67e1adf5f36b', '9ee2db1db64fd04681287b982eacca62be9f9fe71c9778e1057c7bc1266b232e', 'plans', NULL, 'alice', 'text/plain; charset=utf-8', X'66726F6D2061206D6F6E69746F722C20756E7369676E6564', '', '[]', NULL, NULL, 'next', 'none', 0, 1, NULL, '2026-11-26T11:33:34.255Z', '2026-11-26T11:33:34.257Z', 1795692814266, NULL, 'api:01a217a1-c97d-753b-baba-8216d905bf9d', '', 0, NULL);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored", "injected_at") VALUES (9, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:away-1', 1, 11, '01a217a1-ed41-7fb0-885b-ef60d7c30bcc', '776732ad5d83f15d4b03952a808433d1d7168ffa0b8ab4d029c1fbaaa264358a', NULL, NULL, 'alice', 'text/plain; charset=utf-8', X'61636365707465642C20626F622069732061776179', '', '[]', NULL, NULL, 'next', 'hpke-v1', 1, 1, NULL, '2026-11-26T11:33:37.685Z', '2026-11-26T11:33:37.729Z', 1795692819766, 1795692823917, '', '', 0, NULL);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored", "injected_at") VALUES (10, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:m-100', 1, 100, '0198f0a0-0000-7000-8000-000000000100', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', NULL, 'helper', 'bob', 'text/plain; charset=utf-8', X'6F666665722030', '', '[]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', 1795707000000, 1795707000000, '', '', 0, 1795707000000);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored", "injected_at") VALUES (11, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:m-101', 1, 101, '0198f0a0-0000-7000-8000-000000000101', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', NULL, 'helper', 'bob', 'text/plain; charset=utf-8', X'6F666665722031', '', '[]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', 1795707000000, NULL, '', '', 0, NULL);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored", "injected_at") VALUES (12, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:m-102', 1, 102, '0198f0a0-0000-7000-8000-000000000102', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', NULL, 'helper', 'bob', 'text/plain; charset=utf-8', X'6F666665722032', '', '[]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', 1795707000000, NULL, '', '', 0, NULL);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored", "injected_at") VALUES (13, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:m-103', 1, 103, '0198f0a0-0000-7000-8000-000000000103', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', NULL, 'helper', 'bob', 'text/plain; charset=utf-8', X'6F666665722033', '', '[]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', 1795707000000, NULL, '', '', 0, NULL);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored", "injected_at") VALUES (14, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:m-104', 1, 104, '0198f0a0-0000-7000-8000-000000000104', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', NULL, 'helper', 'bob', 'text/plain; charset=utf-8', X'6F666665722034', '', '[]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', 1795707000000, NULL, '', '', 0, NULL);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored", "injected_at") VALUES (15, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:m-105', 1, 105, '0198f0a0-0000-7000-8000-000000000105', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', NULL, 'helper', 'bob', 'text/plain; charset=utf-8', X'6F666665722035', '', '[]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', 1795707000000, NULL, '', '', 0, NULL);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored", "injected_at") VALUES (16, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:m-106', 1, 106, '0198f0a0-0000-7000-8000-000000000106', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', NULL, 'helper', 'bob', 'text/plain; charset=utf-8', X'6F666665722036', '', '[]', NULL, NULL, 'low', 'none', 1, 1, NULL, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', 1795707000000, NULL, '', '', 0, NULL);
INSERT INTO "inbox" ("id", "sender", "client_message_id", "epoch", "seq", "broker_message_id", "request_fingerprint", "topic", "agent", "from_name", "content_type", "body", "meta", "mentions", "reply_to", "supersedes", "priority", "algorithm", "verified", "shown", "invalid", "sent_at", "accepted_at", "received_at", "read_at", "via", "attachments", "restored", "injected_at") VALUES (17, 'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc', 'cccccccccccccccc:m-107', 1, 107, '0198f0a0-0000-7000-8000-000000000107', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', NULL, 'helper', 'bob', 'text/plain; charset=utf-8', X'6F666665722037', '', '[]', NULL, NULL, 'next', 'none', 1, 1, NULL, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', 1795707000000, NULL, '', '', 0, NULL);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('event', 36);
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('hook_run', 7);
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('inbox', 17);
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('receipt', 19);
INSERT INTO "sqlite_sequence" ("name", "seq") VALUES ('undecryptable', 2);
DELETE FROM "inbox_text_data";
INSERT INTO "inbox_text_data" ("id", "block") VALUES (1, X'112E');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (10, X'00000000FF0000010202130002110101011000000E01010111110000010000');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (137438953473, X'0000001402303711020301056F666665721102020406');
INSERT INTO "inbox_text_data" ("id", "block") VALUES (2336462209025, X'000001080230300A02030101310B02030101320C02030101330D02030101340E02030101350F0203010136100203010161060203020203020763636570746564090202020467656E7404020402016E04020302037761790902050103626F62030202060203010466696C6506020402026F720402020203726F6D0802020106677275C39F650202020102697303020506020401076D6F6E69746F7208020401056F666665720A02020102020102020102020102020102020102020104706C616E0302040105726561647903020603056675736564070202010374686503020302026F6F0702030108756D6272656C6C6102020302076E7369676E65640802050104776974680602020406060606060606090C0906080B0907080B0A0C1C090A0A08070D0C');
DELETE FROM "inbox_text_idx";
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (1, X'', 2);
INSERT INTO "inbox_text_idx" ("segid", "term", "pgno") VALUES (17, X'', 2);
DELETE FROM "inbox_text_docsize";
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (2, X'02', 2);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (3, X'05', 3);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (4, X'03', 4);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (6, X'03', 6);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (7, X'02', 7);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (8, X'04', 8);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (9, X'04', 9);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (10, X'02', 10);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (11, X'02', 11);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (12, X'02', 12);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (13, X'02', 13);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (14, X'02', 14);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (15, X'02', 15);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (16, X'02', 16);
INSERT INTO "inbox_text_docsize" ("id", "sz", "origin") VALUES (17, X'02', 17);
DELETE FROM "inbox_text_config";
INSERT INTO "inbox_text_config" ("k", "v") VALUES ('version', 4);
INSERT INTO "mention" ("member", "inbox_id") VALUES ('61b469d9f2ff0ecb078cde8a040adb7deb0582c9873b8d8e5c3b128ca2b50de2', 3);
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (1, 'link_up', 1795692799544, NULL, '{"connection_id":"01a217a1-a5d2-7de3-9831-b4d6ce9f90de"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (2, 'message', 1795692801841, 1, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (3, 'message', 1795692803210, 2, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (4, 'message', 1795692804156, 3, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (5, 'mention', 1795692804156, 3, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (6, 'message', 1795692805604, 4, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (7, 'message', 1795692806418, 5, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (8, 'message', 1795692807377, 6, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (9, 'message', 1795692813506, 7, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (10, 'message', 1795692814266, 8, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (11, 'receipt', 1795692816709, NULL, '{"client_message_id":"01a217a1-e923-72af-b588-73ba28d1f8f3","outbox_id":1,"status":"done","stage":"accepted","at":"2026-11-26T11:33:36.706Z"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (12, 'receipt', 1795692816724, NULL, '{"client_message_id":"01a217a1-e923-72af-b588-73ba28d1f8f3","outbox_id":1,"status":"done","stage":"delivered","at":"2026-11-26T11:33:36.704Z"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (13, 'receipt', 1795692819618, NULL, '{"client_message_id":"01a217a1-e923-72af-b588-73ba28d1f8f3","outbox_id":1,"status":"done","stage":"delivered","at":"2026-11-26T11:33:36.704Z"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (14, 'message', 1795692819766, 9, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (15, 'link_up', 1795692819953, NULL, '{"connection_id":"01a217a1-f4ef-79b3-96da-4abe8910ed11"}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (16, 'undecryptable', 1795692824381, NULL, '{"history_id":12,"client_message_id":"ebcacc643b4d962e:frozen-1","from":{"member_id":"ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034"},"to":"@61b469d9f2ff0ecb078cde8a040adb7deb0582c9873b8d8e5c3b128ca2b50de2","code":"waits_for_key","reason":"it is sealed to a key that this member does not have yet","final":false}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (17, 'undecryptable', 1795692826940, NULL, '{"history_id":13,"client_message_id":"ebcacc643b4d962e:waits-1","from":{"member_id":"ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034"},"to":"@61b469d9f2ff0ecb078cde8a040adb7deb0582c9873b8d8e5c3b128ca2b50de2","code":"undecryptable","reason":"it was sealed to a key of this member that is no longer kept","final":true}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (18, 'agent_online', 1767139200000, NULL, '{"member_id":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","name":"bob","agent":"plans","address":"@bob/plans","self":true}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (19, 'agent_offline', 1767139201000, NULL, '{"member_id":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","name":"bob","agent":"plans","address":"@bob/plans","self":true}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (20, 'agent_online', 1767139201000, NULL, '{"member_id":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","name":"bob","agent":"planner","address":"@bob/planner","self":true}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (21, 'agent_online', 1767139201000, NULL, '{"member_id":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","name":"bob","agent":"planner-2","address":"@bob/planner-2","self":true}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (22, 'agent_offline', 1767139202000, NULL, '{"member_id":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","name":"bob","agent":"planner","address":"@bob/planner","self":true}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (23, 'agent_offline', 1767139202000, NULL, '{"member_id":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","name":"bob","agent":"planner-2","address":"@bob/planner-2","self":true}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (24, 'message', 1795707000000, 10, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (25, 'message', 1795707000000, 11, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (26, 'message', 1795707000000, 12, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (27, 'message', 1795707000000, 13, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (28, 'message', 1795707000000, 14, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (29, 'message', 1795707000000, 15, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (30, 'message', 1795707000000, 16, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (31, 'message', 1795707000000, 17, '{}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (32, 'agent_online', 1795707000000, NULL, '{"member_id":"61b469d9f2ff0ecb078cde8a040adb7deb0582c9873b8d8e5c3b128ca2b50de2","name":"bob","agent":"helper","address":"@bob/helper","self":true}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (33, 'hook_executed', 1795705200050, NULL, '{"run_id":1,"hook":"on-startup","called_for":"startup","event_id":null,"outcome":"ok","exit_code":0,"signal":null,"reason":null,"reply":null,"duration_ms":40,"enforced":true,"attempts":1,"calls":[],"runs":1}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (34, 'hook_executed', 1795705200060, NULL, '{"run_id":2,"hook":"on-dm","called_for":"message","event_id":2,"outcome":"ok","exit_code":0,"signal":null,"reason":null,"reply":"hook-0123456789abcdef0123456789abcdef01234567","duration_ms":40,"enforced":true,"attempts":1,"calls":[],"runs":1}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (35, 'hook_executed', 1795705200070, NULL, '{"run_id":3,"hook":"on-dm","called_for":"message","event_id":3,"outcome":"failed","exit_code":3,"signal":null,"reason":null,"reply":null,"duration_ms":50,"enforced":true,"attempts":1,"calls":[],"runs":1}');
INSERT INTO "event" ("id", "event", "at", "inbox_id", "data") VALUES (36, 'hook_executed', 1795705200100, NULL, '{"run_id":7,"hook":"on-mention","called_for":"test","event_id":null,"outcome":"refused","exit_code":null,"signal":null,"reason":"on-mention is not executable","reply":null,"duration_ms":null,"enforced":null,"attempts":1,"calls":[],"runs":1}');
INSERT INTO "receipt" ("id", "recipient", "client_message_id", "request_fingerprint", "state", "at") VALUES (8, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:away-1', '776732ad5d83f15d4b03952a808433d1d7168ffa0b8ab4d029c1fbaaa264358a', 'read', '2026-11-26T11:33:43.917Z');
INSERT INTO "receipt" ("id", "recipient", "client_message_id", "request_fingerprint", "state", "at") VALUES (9, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:m-100', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', 'delivered', '2026-11-26T15:30:00.000Z');
INSERT INTO "receipt" ("id", "recipient", "client_message_id", "request_fingerprint", "state", "at") VALUES (10, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:m-101', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', 'delivered', '2026-11-26T15:30:00.000Z');
INSERT INTO "receipt" ("id", "recipient", "client_message_id", "request_fingerprint", "state", "at") VALUES (11, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:m-102', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', 'delivered', '2026-11-26T15:30:00.000Z');
INSERT INTO "receipt" ("id", "recipient", "client_message_id", "request_fingerprint", "state", "at") VALUES (12, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:m-103', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', 'delivered', '2026-11-26T15:30:00.000Z');
INSERT INTO "receipt" ("id", "recipient", "client_message_id", "request_fingerprint", "state", "at") VALUES (13, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:m-104', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', 'delivered', '2026-11-26T15:30:00.000Z');
INSERT INTO "receipt" ("id", "recipient", "client_message_id", "request_fingerprint", "state", "at") VALUES (14, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:m-105', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', 'delivered', '2026-11-26T15:30:00.000Z');
INSERT INTO "receipt" ("id", "recipient", "client_message_id", "request_fingerprint", "state", "at") VALUES (15, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:m-106', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', 'delivered', '2026-11-26T15:30:00.000Z');
INSERT INTO "receipt" ("id", "recipient", "client_message_id", "request_fingerprint", "state", "at") VALUES (16, 'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc', 'cccccccccccccccc:m-107', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', 'delivered', '2026-11-26T15:30:00.000Z');
INSERT INTO "receipt" ("id", "recipient", "client_message_id", "request_fingerprint", "state", "at") VALUES (17, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:agent-1', 'ed45a3819a26f337fe16e8b17147eed7aa5f3b06a73cc1a3cd1217065c905bd6', 'injected', '2026-11-26T15:30:00.000Z');
INSERT INTO "receipt" ("id", "recipient", "client_message_id", "request_fingerprint", "state", "at") VALUES (18, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:m-100', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', 'injected', '2026-11-26T15:30:00.000Z');
INSERT INTO "receipt" ("id", "recipient", "client_message_id", "request_fingerprint", "state", "at") VALUES (19, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:m-100', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', 'read', '2026-11-26T15:30:00.000Z');
INSERT INTO "position" ("incarnation", "epoch", "seq", "broker_message_id", "mac", "noted_at") VALUES ('065c7b01-811f-4978-8227-64229a4c003b', 1, 11, '01a217a1-ed41-7fb0-885b-ef60d7c30bcc', 'Yf9aV0dzzyM824Og5rsDmIpN_60UNhC_rTWinPYHzdw', 1795692819766);
INSERT INTO "position" ("incarnation", "epoch", "seq", "broker_message_id", "mac", "noted_at") VALUES ('i', 1, 107, '0198f0a0-0000-7000-8000-000000000107', 'm', 1795707000000);
INSERT INTO "fact" ("name", "value") VALUES ('directory', '{"told_at":"2026-11-26T11:33:39.904Z","members":[{"member_id":"ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034","name":"alice","role":"owner","online":true,"agents":[],"last_seen_at":"2026-11-26T11:33:15.376Z","kicked_until":null},{"member_id":"61b469d9f2ff0ecb078cde8a040adb7deb0582c9873b8d8e5c3b128ca2b50de2","name":"bob","role":"member","online":true,"agents":[],"last_seen_at":"2026-11-26T11:33:39.695Z","kicked_until":null,"clone_suspected_at":null}],"topics":[{"topic_id":"01a217a1-8cc7-721d-bec0-fd3c25432742","name":"all","created_at":"2026-11-26T11:33:13.031Z","subscribers":2,"subscribed":true,"unsealed":false,"unsealed_through":0},{"topic_id":"01a217a1-cd6e-77ce-b3e0-3f1d01d8c237","name":"other","created_at":"2026-11-26T11:33:29.582Z","subscribers":2,"subscribed":true,"unsealed":false,"unsealed_through":0},{"topic_id":"01a217a1-a83a-7356-8f69-7aa122227ae1","name":"plans","created_at":"2026-11-26T11:33:20.058Z","subscribers":2,"subscribed":true,"unsealed":true,"unsealed_through":0},{"topic_id":"01a217a1-cbc0-7c9b-bff0-d3099e6839c1","name":"unsent","created_at":"2026-11-26T11:33:29.152Z","subscribers":0,"subscribed":false,"unsealed":false,"unsealed_through":0}],"queues":[]}');
INSERT INTO "fact" ("name", "value") VALUES ('last_instance_id', '0422588c-14cc-4717-86be-55d0151b7156');
INSERT INTO "fact" ("name", "value") VALUES ('log_epoch', '1');
INSERT INTO "fact" ("name", "value") VALUES ('negotiated_dedupe', '{"mode":"retention_scoped","dedupe_retention_days":365,"fingerprint_versions":["sha256-jcs-v2","sha256-jcs-v1"],"version":2}');
INSERT INTO "undecryptable" ("id", "epoch", "seq", "sender", "client_message_id", "item", "code", "reason", "final", "since") VALUES (1, 1, 12, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:frozen-1', '{"destination":"dm:61b469d9f2ff0ecb078cde8a040adb7deb0582c9873b8d8e5c3b128ca2b50de2","seq":12,"epoch":1,"broker_message_id":"01a21772-0000-7000-8000-000000000000","accepted_at":"2026-11-26T11:33:44.376Z","position":{"incarnation":"065c7b01-811f-4978-8227-64229a4c003b","epoch":1,"seq":12,"broker_message_id":"01a21772-0000-7000-8000-000000000000","mac":"Yf9aV0dzzyM824Og5rsDmIpN_60UNhC_rTWinPYHzdw"},"client_message_id":"ebcacc643b4d962e:frozen-1","request_fingerprint":"484c6abeb27430a2cbea7ef8d9eb5a6477888ea22e82c0be2f60afbafb7f0408","envelope":{"version":2,"mesh_id":"01a217a1-8cc7-7d0d-9d4e-9e0d72463066","sender":"ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034","client_message_id":"ebcacc643b4d962e:frozen-1","destination_kind":"dm","destination_ref":"61b469d9f2ff0ecb078cde8a040adb7deb0582c9873b8d8e5c3b128ca2b50de2","reply_to":null,"supersedes":null,"priority":"next","meta":"","mentions":[],"content_type":"text/plain; charset=utf-8","algorithm":"hpke-v1","sealed_to":"7a0bd304a3710d73d050994ab2f12729734796ade201f3dd41f0d85538621239","body":"b33NsfzCpW7KKthQlMRAugaity8CTjSbirwgdlnhHEoPfXk34Wt_vs2cRPdSBrr5pw-YEIxQbzJZ5Z8kbQ7xxJZIbE6v3ei28lm-nA","key_id":"ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034","request_fingerprint":"d46007b01b2b5dbb29fb6c114df42aeebc5a162583067fea0cba54d0b7091564","membership_head":"b7064787b74417e6ed32c454541d7e432e993197d0d505a9beb2deffe07c6840","sent_at":"2026-11-26T11:33:44.376Z","signature":"oHTeKPAvYKnezZtOFf3rtxBA_DeG9-hbL2-_cTO1C4XoJLLskODkg2K7cnbmH1zPb1JGzg10YVCWaghL7E2VAA"}}', 'waits_for_key', 'it is sealed to a key that this member does not have yet', 0, 1795692824381);
INSERT INTO "undecryptable" ("id", "epoch", "seq", "sender", "client_message_id", "item", "code", "reason", "final", "since") VALUES (2, 1, 13, 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'ebcacc643b4d962e:waits-1', '{"destination":"dm:61b469d9f2ff0ecb078cde8a040adb7deb0582c9873b8d8e5c3b128ca2b50de2","seq":13,"epoch":1,"broker_message_id":"01a21772-0000-7000-8000-000000000001","accepted_at":"2026-11-26T11:33:46.935Z","position":{"incarnation":"065c7b01-811f-4978-8227-64229a4c003b","epoch":1,"seq":13,"broker_message_id":"01a21772-0000-7000-8000-000000000001","mac":"Yf9aV0dzzyM824Og5rsDmIpN_60UNhC_rTWinPYHzdw"},"client_message_id":"ebcacc643b4d962e:waits-1","request_fingerprint":"e0f7fe8db9464acd09fb9d13529ba05ce79797907bf054f4055a4d1f896aa9a6","envelope":{"version":2,"mesh_id":"01a217a1-8cc7-7d0d-9d4e-9e0d72463066","sender":"ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034","client_message_id":"ebcacc643b4d962e:waits-1","destination_kind":"dm","destination_ref":"61b469d9f2ff0ecb078cde8a040adb7deb0582c9873b8d8e5c3b128ca2b50de2","reply_to":null,"supersedes":null,"priority":"next","meta":"","mentions":[],"content_type":"text/plain; charset=utf-8","algorithm":"hpke-v1","sealed_to":"7a0bd304a3710d73d050994ab2f12729734796ade201f3dd41f0d85538621239","body":"zoKzT9D9wMPWBoetCHK1BpQihcRBpE5haw8MtFBNdyA846RBa1xhrJMOIXEILFoRrHhayipMWu6S2PwcqN6-kjA","key_id":"ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034","request_fingerprint":"ef37656c9e8e60295217b277304e62383784492d4bda77cc26aa0f701d06e9d4","membership_head":"b7064787b74417e6ed32c454541d7e432e993197d0d505a9beb2deffe07c6840","sent_at":"2026-11-26T11:33:46.935Z","signature":"DLwsfhFa3JSTOSVnZk0hZQWHh5mmeWgXW_w0r5XKL1phWSI1HhsR9N-5-SuemTX1N5oECH2PdYO_WZF7CID4Aw"}}', 'undecryptable', 'it was sealed to a key of this member that is no longer kept', 1, 1795692826940);
INSERT INTO "agent" ("name", "kind", "project", "chosen", "created_at", "last_seen_at") VALUES ('helper', 'codex', '/home/bob/help', 1, 1767139202000, 1795707000000);
INSERT INTO "agent" ("name", "kind", "project", "chosen", "created_at", "last_seen_at") VALUES ('planner', 'claude-code', '/home/bob/plans', 1, 1767139200000, 1767139200000);
INSERT INTO "agent" ("name", "kind", "project", "chosen", "created_at", "last_seen_at") VALUES ('planner-2', 'claude-code', '/home/bob/plans', 0, 1767139201000, 1767139201000);
INSERT INTO "agent_former_name" ("name", "agent", "since") VALUES ('plans', 'planner', 1767139201000);
INSERT INTO "agent_session" ("kind", "session_id", "agent", "project", "process", "socket_path", "busy", "started_at", "last_seen_at", "lease_until", "ended_at") VALUES ('claude-code', 's-1', 'planner', '/home/bob/plans', '41:1000', '/tmp/41.sock', 0, 1767139200000, 1767139200000, 1767139290000, 1767139202000);
INSERT INTO "agent_session" ("kind", "session_id", "agent", "project", "process", "socket_path", "busy", "started_at", "last_seen_at", "lease_until", "ended_at") VALUES ('claude-code', 's-2', 'planner-2', '/home/bob/plans', '42:1000', '', 1, 1767139201000, 1767139201000, 4102444800000, NULL);
INSERT INTO "agent_session" ("kind", "session_id", "agent", "project", "process", "socket_path", "busy", "started_at", "last_seen_at", "lease_until", "ended_at") VALUES ('codex', 'snapshot-1', 'helper', '/home/bob/help', '50:1', '', 0, 1795707000000, 1795707000000, 1795707090000, NULL);
INSERT INTO "agent_topic" ("agent", "topic", "after_id") VALUES ('planner', 'plans', 9);
INSERT INTO "agent_offer" ("agent", "inbox_id", "state", "way", "kind", "session_id", "offer_id", "offers", "notice", "released", "lease_until", "not_before", "offered_at", "seen_at", "changed_at", "reason") VALUES ('helper', 4, 'injected', 'socket', 'codex', 'snapshot-1', '4dc7361a-fa74-4abd-b965-3ca625c50a3d', 2, 0, 0, NULL, NULL, 1795707000000, NULL, 1795707000000, NULL);
INSERT INTO "agent_offer" ("agent", "inbox_id", "state", "way", "kind", "session_id", "offer_id", "offers", "notice", "released", "lease_until", "not_before", "offered_at", "seen_at", "changed_at", "reason") VALUES ('helper', 10, 'read', 'socket', 'codex', 'snapshot-1', '698fa067-1eb3-4786-ae83-74b647cdca71', 1, 0, 0, NULL, NULL, 1795707000000, NULL, 1795707000000, NULL);
INSERT INTO "agent_offer" ("agent", "inbox_id", "state", "way", "kind", "session_id", "offer_id", "offers", "notice", "released", "lease_until", "not_before", "offered_at", "seen_at", "changed_at", "reason") VALUES ('helper', 11, 'held', 'socket', 'codex', 'snapshot-1', '204afa1a-dde0-4267-afab-387946fc53dc', 1, 0, 0, NULL, NULL, 1795707000000, NULL, 1795707000000, 'the session''s user decides');
INSERT INTO "agent_offer" ("agent", "inbox_id", "state", "way", "kind", "session_id", "offer_id", "offers", "notice", "released", "lease_until", "not_before", "offered_at", "seen_at", "changed_at", "reason") VALUES ('helper', 12, 'denied', 'socket', 'codex', 'snapshot-1', '5b1f9dae-fe9a-4e0e-bf5d-c4b1529cc55e', 1, 0, 0, NULL, NULL, 1795707000000, NULL, 1795707000000, 'refused');
INSERT INTO "agent_offer" ("agent", "inbox_id", "state", "way", "kind", "session_id", "offer_id", "offers", "notice", "released", "lease_until", "not_before", "offered_at", "seen_at", "changed_at", "reason") VALUES ('helper', 13, 'waiting', 'socket', 'codex', 'snapshot-1', '933cf9d9-95ae-4d1b-8a33-45a642dec757', 1, 0, 0, NULL, 1795707005000, 1795707000000, NULL, 1795707000000, 'the command failed');
INSERT INTO "agent_offer" ("agent", "inbox_id", "state", "way", "kind", "session_id", "offer_id", "offers", "notice", "released", "lease_until", "not_before", "offered_at", "seen_at", "changed_at", "reason") VALUES ('helper', 14, 'offered', 'socket', 'codex', 'snapshot-1', '8ef8297f-8234-4a89-aa93-3ddefcc68b96', 1, 0, 0, 1795707030000, NULL, 1795707000000, NULL, 1795707000000, NULL);
INSERT INTO "agent_offer" ("agent", "inbox_id", "state", "way", "kind", "session_id", "offer_id", "offers", "notice", "released", "lease_until", "not_before", "offered_at", "seen_at", "changed_at", "reason") VALUES ('helper', 15, 'offered', 'socket', 'codex', 'snapshot-1', 'b464b559-cdb3-422e-97c6-e7545178e2c2', 1, 0, 0, 1795707030000, NULL, 1795707000000, NULL, 1795707000000, NULL);
INSERT INTO "agent_offer" ("agent", "inbox_id", "state", "way", "kind", "session_id", "offer_id", "offers", "notice", "released", "lease_until", "not_before", "offered_at", "seen_at", "changed_at", "reason") VALUES ('helper', 17, 'notified', 'socket', 'codex', 'snapshot-1', '14f3c9c3-50d9-4391-84db-021d6bf4b353', 1, 1, 0, NULL, NULL, 1795707000000, NULL, 1795707000000, NULL);
INSERT INTO "sender_policy" ("agent", "sender", "policy", "until", "set_at") VALUES ('', 'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc', 'ask', NULL, 1795707000000);
INSERT INTO "sender_policy" ("agent", "sender", "policy", "until", "set_at") VALUES ('planner', 'ebcacc643b4d962ecc48e8ceeb5fbfbc8d772638e8e549a795b6fcd0969eb034', 'mute', 4070908800000, 1795707000000);
INSERT INTO "hook_run" ("id", "hook", "event_id", "event", "state", "attempts", "queued_at", "started_at", "process", "ended_at", "outcome", "exit_code", "signal", "reason", "said", "reply", "runs") VALUES (1, 'on-startup', NULL, 'startup', 'ended', 1, 1795705200000, 1795705200010, NULL, 1795705200050, 'ok', 0, NULL, NULL, NULL, NULL, 1);
INSERT INTO "hook_run" ("id", "hook", "event_id", "event", "state", "attempts", "queued_at", "started_at", "process", "ended_at", "outcome", "exit_code", "signal", "reason", "said", "reply", "runs") VALUES (2, 'on-dm', 2, 'message', 'ended', 1, 1795705200001, 1795705200010, NULL, 1795705200060, 'ok', 0, NULL, NULL, NULL, 'hook-0123456789abcdef0123456789abcdef01234567', 1);
INSERT INTO "hook_run" ("id", "hook", "event_id", "event", "state", "attempts", "queued_at", "started_at", "process", "ended_at", "outcome", "exit_code", "signal", "reason", "said", "reply", "runs") VALUES (3, 'on-dm', 3, 'message', 'ended', 1, 1795705200002, 1795705200010, NULL, 1795705200070, 'failed', 3, NULL, NULL, 'no such calendar
', NULL, 1);
INSERT INTO "hook_run" ("id", "hook", "event_id", "event", "state", "attempts", "queued_at", "started_at", "process", "ended_at", "outcome", "exit_code", "signal", "reason", "said", "reply", "runs") VALUES (4, 'on-topic-plans', 4, 'message', 'running', 1, 1795705200003, 1795705200010, '4242:100200:0f0e0d0c-0000-4000-8000-000000000000', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1);
INSERT INTO "hook_run" ("id", "hook", "event_id", "event", "state", "attempts", "queued_at", "started_at", "process", "ended_at", "outcome", "exit_code", "signal", "reason", "said", "reply", "runs") VALUES (5, 'on-message', 2, 'message', 'waiting', 0, 1795705200080, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1);
INSERT INTO "hook_run" ("id", "hook", "event_id", "event", "state", "attempts", "queued_at", "started_at", "process", "ended_at", "outcome", "exit_code", "signal", "reason", "said", "reply", "runs") VALUES (6, 'on-message', 3, 'message', 'ended', 0, 1795705200090, NULL, NULL, 1795705200090, 'dropped', NULL, NULL, 'too many runs of this hook wait', NULL, NULL, 3);
INSERT INTO "hook_run" ("id", "hook", "event_id", "event", "state", "attempts", "queued_at", "started_at", "process", "ended_at", "outcome", "exit_code", "signal", "reason", "said", "reply", "runs") VALUES (7, 'on-mention', NULL, 'test', 'ended', 1, 1795705200100, 1795705200100, NULL, 1795705200100, 'refused', NULL, NULL, 'on-mention is not executable', NULL, NULL, 1);
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
CREATE INDEX agent_project ON agent (project) WHERE project <> '';
CREATE INDEX agent_former_name_agent ON agent_former_name (agent);
CREATE INDEX agent_session_live ON agent_session (lease_until) WHERE ended_at IS NULL;
CREATE INDEX agent_session_agent ON agent_session (agent, last_seen_at);
CREATE INDEX agent_session_process ON agent_session (process) WHERE process <> '';
CREATE INDEX agent_session_socket ON agent_session (socket_path) WHERE socket_path <> '';
CREATE INDEX agent_session_seen ON agent_session (last_seen_at);
CREATE INDEX agent_topic_topic ON agent_topic (topic);
CREATE INDEX agent_offer_id ON agent_offer (offer_id);
CREATE INDEX agent_offer_message ON agent_offer (inbox_id);
CREATE INDEX agent_offer_session ON agent_offer (kind, session_id) WHERE state IN ('offered', 'held', 'injected');
CREATE INDEX agent_offer_open ON agent_offer (agent) WHERE state IN ('offered', 'held');
CREATE INDEX agent_offer_lease ON agent_offer (lease_until) WHERE state = 'offered';
CREATE INDEX inbox_direct ON inbox (agent, id) WHERE topic IS NULL AND read_at IS NULL AND shown = 1;
CREATE INDEX inbox_broker_message ON inbox (broker_message_id);
CREATE INDEX hook_run_waiting ON hook_run (hook, id) WHERE state = 'waiting';
CREATE INDEX hook_run_running ON hook_run (id) WHERE state = 'running';
CREATE INDEX hook_run_ended ON hook_run (hook, id) WHERE state = 'ended';
COMMIT;
