-- Every send that was answered, until 30 days after its end; then a tombstone of it for ever.
CREATE TABLE outbox (
  id                  INTEGER PRIMARY KEY AUTOINCREMENT,
  client_message_id   TEXT NOT NULL UNIQUE,
  minted              INTEGER NOT NULL,
  request_fingerprint BLOB NOT NULL CHECK (length(request_fingerprint) = 32),
  fingerprint_version INTEGER NOT NULL,
  to_text             TEXT NOT NULL,
  destination         TEXT NOT NULL,
  destination_kind    TEXT NOT NULL,
  destination_ref     TEXT NOT NULL,
  body                BLOB,
  body_bytes          INTEGER NOT NULL,
  content_type        TEXT NOT NULL,
  priority            TEXT NOT NULL,
  meta                TEXT NOT NULL,
  mentions            TEXT NOT NULL,
  mentions_written    TEXT NOT NULL,
  reply_to            TEXT,
  supersedes          TEXT,
  supersedes_row      INTEGER,
  superseded_by       INTEGER,
  envelope            TEXT,
  transmitted         INTEGER NOT NULL DEFAULT 0,
  unanswered          INTEGER NOT NULL DEFAULT 0,
  status              TEXT NOT NULL CHECK (status IN ('pending', 'inflight', 'done', 'dead', 'aborted')),
  doom                TEXT,
  attempts            INTEGER NOT NULL DEFAULT 0,
  last_error          TEXT,
  enqueued_at         INTEGER NOT NULL,
  first_attempt_at    INTEGER,
  next_attempt_at     INTEGER NOT NULL DEFAULT 0,
  accepted_at         INTEGER,
  broker_message_id   TEXT,
  history_id          INTEGER,
  epoch               INTEGER,
  delivered_at        INTEGER,
  injected_at         INTEGER,
  read_at             INTEGER,
  reached             INTEGER,
  reached_of          INTEGER,
  ended_at            INTEGER,
  aborted_at          INTEGER,
  aborted_by          TEXT,
  untold              INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX outbox_waiting ON outbox (destination, id) WHERE status = 'pending';
CREATE INDEX outbox_pending ON outbox (id) WHERE status = 'pending';
CREATE INDEX outbox_age ON outbox (enqueued_at, first_attempt_at) WHERE status = 'pending';
CREATE INDEX outbox_inflight ON outbox (id) WHERE status = 'inflight';
CREATE INDEX outbox_dead ON outbox (id) WHERE status = 'dead';
CREATE INDEX outbox_aborted ON outbox (id) WHERE status = 'aborted';
CREATE INDEX outbox_untold ON outbox (id) WHERE untold = 1;
CREATE INDEX outbox_doomed ON outbox (id) WHERE doom IS NOT NULL;
CREATE INDEX outbox_ended ON outbox (ended_at) WHERE ended_at IS NOT NULL AND body IS NOT NULL;

CREATE TABLE position (
  incarnation       TEXT PRIMARY KEY,
  epoch             INTEGER NOT NULL,
  seq               INTEGER NOT NULL,
  broker_message_id TEXT NOT NULL,
  mac               TEXT NOT NULL,
  noted_at          INTEGER NOT NULL
) STRICT;

CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
