-- What of the inbox was put before which agent, and what came of it. A message without a row was never offered to that agent.
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

CREATE INDEX agent_offer_id ON agent_offer (offer_id);
CREATE INDEX agent_offer_message ON agent_offer (inbox_id);
CREATE INDEX agent_offer_session ON agent_offer (kind, session_id) WHERE state IN ('offered', 'held', 'injected');
CREATE INDEX agent_offer_open ON agent_offer (agent) WHERE state IN ('offered', 'held');
CREATE INDEX agent_offer_lease ON agent_offer (lease_until) WHERE state = 'offered';

-- What a sender's messages may do to a live session. agent '': for every agent that has no line of its own.
CREATE TABLE sender_policy (
  agent   TEXT NOT NULL,
  sender  TEXT NOT NULL,
  policy  TEXT NOT NULL,
  -- Past it the line says nothing more.
  until   INTEGER,
  set_at  INTEGER NOT NULL,
  PRIMARY KEY (agent, sender)
) STRICT, WITHOUT ROWID;

-- When a direct message was handed to a live session.
ALTER TABLE inbox ADD COLUMN injected_at INTEGER;
-- Direct messages that an agent may still be owed.
CREATE INDEX inbox_direct ON inbox (agent, id) WHERE topic IS NULL AND read_at IS NULL AND shown = 1;
-- A reply names the message that it answers.
CREATE INDEX inbox_broker_message ON inbox (broker_message_id);
