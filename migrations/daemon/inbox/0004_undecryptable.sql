-- What arrived and cannot be opened now: kept as it came, and looked at again when keys or the membership change.
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

CREATE INDEX undecryptable_message ON undecryptable (sender, client_message_id);
CREATE INDEX undecryptable_since ON undecryptable (since);
