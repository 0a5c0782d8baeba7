-- Runs of hooks. A run stands here from the very commit on that its event is in, so that none is lost and none is made twice; what
-- became of it is kept until newer ones take its place.
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

CREATE INDEX hook_run_waiting ON hook_run (hook, id) WHERE state = 'waiting';
CREATE INDEX hook_run_running ON hook_run (id) WHERE state = 'running';
CREATE INDEX hook_run_ended ON hook_run (hook, id) WHERE state = 'ended';
