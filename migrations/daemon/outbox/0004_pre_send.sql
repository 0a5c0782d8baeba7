-- What this host's pre-send hook said of the message before it was stored: a JSON object, "" where none was asked.
ALTER TABLE outbox ADD COLUMN pre_send TEXT NOT NULL DEFAULT '';

-- What it refused under ids of the senders' own, so that asking again gets the same answer. No row of the outbox holds such an id.
CREATE TABLE pre_send_refusal (
  client_message_id   TEXT PRIMARY KEY,
  request_fingerprint BLOB NOT NULL,
  fingerprint_version INTEGER NOT NULL,
  reason              TEXT NOT NULL,
  refused_at          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX pre_send_refusal_age ON pre_send_refusal (refused_at);
